"""Recordings at twenty times their speed: Python, the command line and the store tell the same bits of every channel."""

import json
import math
import shutil
import struct
import subprocess
import tempfile
import unittest
from pathlib import Path

from daemon_process import BIN, DaemonTest

DATA = Path(__file__).resolve().parents[2] / "data"
SPEED = 20
# Folder of tests/data, and the run of it that is played.
PLAYED = {"tclab-byu": "energy-balance-1s", "swcnt-case-a": "r01"}
CLOSED = 2  # parallax.v1.RunState


def excerpt(source, run_id, folder):
    """A campaign in folder that holds one run of another one."""
    shutil.copytree(DATA / source, folder)
    path = folder / "campaign.json"
    campaign = json.loads(path.read_text())
    campaign["splits"] = {"calibrate": [run_id], "validate": []}
    path.write_text(json.dumps(campaign))
    return folder


def bits(*values):
    return struct.pack(f"<{len(values)}d", *values)


class Told:
    """What one watcher was told of one run: the bits of (value, filtered) by channel and time, as last told."""

    def __init__(self):
        self.points = {}
        self.residuals = 0

    def take(self, channel, time_ns, value, filtered, residual):
        self.points[channel, time_ns] = bits(value, math.nan if math.isnan(filtered) else filtered)
        self.residuals += math.isfinite(residual)


class SpeedTest(DaemonTest):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name)

    def start(self, *arguments):
        """A command that runs by itself, and the file that it prints into."""
        printed = self.scratch / f"{len(list(self.scratch.iterdir()))}.out"
        with open(printed, "w") as file:
            process = subprocess.Popen([BIN / "parallax", "--server", self.daemon.address, *arguments],
                                       stdout=file)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process, printed

    def rows(self, process, printed):
        """What `run watch` printed until its run was closed."""
        self.assertEqual(process.wait(), 0)
        told = Told()
        for line in printed.read_text().splitlines():
            event, time_ns, channel, value, filtered, _, _, _, residual, *_ = line.split(",")
            if event == "point":
                number = lambda cell: float(cell) if cell else math.nan  # what is not known is empty
                told.take(channel, int(time_ns), number(value), number(filtered), number(residual))
        return told

    def stored(self, rig, run):
        told = Told()
        for channel in rig.channels():
            series = run.series(channel, form="live").to_numpy()
            columns = (series[name].tolist() for name in ("time_unix_ns", "value", "filtered"))
            for time_ns, value, filtered in zip(*columns):
                told.take(channel, time_ns, value, filtered, math.nan)
        return told

    def test_a_board_and_a_furnace_are_told_alike_to_all(self):
        events = self.client.watch(["rigs/-"], detail="points")
        next(event for event in events if event.HasField("caught_up"))  # from here on it is told
        names = {f"rigs/{rig}/runs/{run}": f"{rig}/{run}" for rig, run in PLAYED.items()}
        told = {name: Told() for name in names}
        watchers, players = {}, []
        for rig, run in PLAYED.items():
            folder = excerpt(rig, run, self.scratch / rig)
            players.append(self.start("campaign", "replay", folder, "--rig", rig, "--speed", str(SPEED))[0])
        closed = set()
        for event in events:
            name = event.run.name
            if name in names and name not in watchers:
                # What came before it asked, it is told first.
                watchers[name] = self.start("-o", "csv", "run", "watch", names[name], "--backfill")
            if name in names and event.run.state == CLOSED:
                closed.add(name)
            for channel in event.points.channels:
                residuals = channel.residual or [math.nan] * len(channel.value)
                for point in zip(channel.time_unix_ns, channel.value, channel.filtered, residuals):
                    told[event.points.run].take(channel.channel, *point)
            if len(closed) == len(names):
                break
        events.close()
        for player in players:
            self.assertEqual(player.wait(), 0)
        for name, short in names.items():
            with self.subTest(run=short):
                rig, run = short.split("/")
                stored = self.stored(self.client.rig(rig), self.client.rig(rig).run(run))
                printed = self.rows(*watchers[name])
                self.assertGreater(len(stored.points), 1000)
                self.assertEqual(told[name].points, stored.points)
                self.assertEqual(printed.points, stored.points)
                self.assertGreater(told[name].residuals, 100, "held against the twin as it came")
                self.assertGreater(printed.residuals, 100)


if __name__ == "__main__":
    unittest.main()
