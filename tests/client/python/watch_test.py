"""What a watcher is told: samples bit for bit, also over a killed daemon, and what a rig does by itself."""

import itertools
import math
import struct
import subprocess
import time
import unittest

import parallax
from daemon_process import BIN, DaemonProcess, DaemonTest
from parallax.v1 import automation_pb2, resources_pb2
from rigs import START_NS, STEP_NS, open_run, push_campaign, read_recording

ROWS = 40
SPEED = 20.0
PLAYED = 200  # rows of a second each


def bits(values):
    return [struct.pack("<d", value) for value in values]


def until_caught_up(events):
    return list(itertools.takewhile(lambda event: not event.HasField("caught_up"), events))


def push_rows(run, first, count):
    with run.stream() as stream:
        for i in range(first, first + count):
            stream.push(START_NS + i * STEP_NS, {"T1": 20.0 + 0.125 * (i % 7), "T2": 21.5})


def take_t1(events, count, residuals=None):
    """By source time, (value, filtered) of T1, as last told, once `count` samples are known.

    residuals  a list that takes what was told of them
    """
    held = {}
    for event in events:
        for channel in event.points.channels:
            if channel.channel == "board/T1":
                held.update(zip(channel.time_unix_ns, zip(channel.value, channel.filtered)))
                if residuals is not None:
                    residuals.extend(channel.residual)
        if len(held) >= count:
            return held
    raise AssertionError("the watch ended")


class WatchTest(DaemonTest):
    def expect_as_stored(self, run, held):
        stored = run.series("T1", form="live").to_numpy()
        times = stored["time_unix_ns"].tolist()
        self.assertEqual(sorted(held), times)
        for column, field in enumerate(("value", "filtered")):
            self.assertEqual(bits(held[time][column] for time in times), bits(stored[field].tolist()), field)

    def test_samples_come_as_they_are_stored(self):
        run = open_run(self.client, "streams")
        events = self.client.watch([run.name], detail="points")
        self.assertEqual([event.run.name for event in until_caught_up(events)], [run.name])
        push_rows(run, 0, ROWS)
        self.expect_as_stored(run, take_t1(events, ROWS))

    def test_a_recording_at_twenty_times_its_speed_is_told_alike_to_all(self):
        times, columns = read_recording("energy-balance-1s")
        run = open_run(self.client, "fast")
        events = self.client.watch([run.name], detail="points")
        until_caught_up(events)
        command = [BIN / "parallax", "--server", self.daemon.address, "-o", "csv", "run", "watch", "fast/run"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            self.assertTrue(process.stdout.readline().startswith("event,time_ns,channel,value,filtered,"))
            self.assertTrue(process.stdout.readline().startswith("run,"))  # from here on it is told
            residuals = []
            begin = time.monotonic()
            with run.stream(linger_s=0.02) as stream:
                for row in range(PLAYED):
                    due_s = (times[row] - times[0]) / 1e9 / SPEED
                    time.sleep(max(0.0, begin + due_s - time.monotonic()))
                    stream.push(times[row], {name: column[row] for name, column in columns.items()})
            held = take_t1(events, PLAYED, residuals)
            run.close()
            rows = [line.split(",") for line in process.stdout]
        self.assertEqual(process.returncode, 0)
        said = {int(at): (float(value), float(filtered))
                for event, at, channel, value, filtered, *_ in rows if (event, channel) == ("point", "board/T1")}
        self.assertEqual(said, held)
        self.expect_as_stored(run, held)
        self.assertTrue(any(math.isfinite(residual) for residual in residuals), "held against the twin")

    def test_stored_samples_come_first_where_they_are_asked_for(self):
        run = open_run(self.client, "before")
        push_rows(run, 0, ROWS)
        events = self.client.watch([run.name], detail="points", backfill_start=START_NS + 10 * STEP_NS)
        self.assertEqual(min(take_t1(events, ROWS - 10)), START_NS + 10 * STEP_NS)

    def test_what_cannot_be_watched_is_said(self):
        with self.assertRaises(parallax.InvalidArgument) as raised:
            self.client.watch(["rigs/-"], detail="everything")
        self.assertEqual(raised.exception.field, "detail")
        with self.assertRaises(parallax.NotFound):
            next(self.client.watch(["rigs/nobody"]))
        with self.assertRaises(parallax.OutOfRange):
            next(self.client.watch(["rigs/-"], cursor="f00.1"))


class RestartTest(unittest.TestCase):
    def test_a_killed_daemon_is_waited_for_and_nothing_is_missing(self):
        daemon = DaemonProcess()
        self.addCleanup(daemon.stop)
        client = parallax.Client(daemon.address)
        self.addCleanup(client.close)
        run = open_run(client, "killed")
        events = client.watch([run.name], detail="points")
        until_caught_up(events)
        push_rows(run, 0, ROWS)
        held = take_t1(events, ROWS)
        daemon.kill()
        daemon.start()
        push_rows(run, ROWS, ROWS)
        held.update(take_t1(events, ROWS))
        self.assertEqual(sorted(held), [START_NS + i * STEP_NS for i in range(2 * ROWS)])


class RecalibrationTest(DaemonTest):
    def test_a_rig_recalibrates_itself_and_people_decide(self):
        rig = push_campaign(self.client, "self")
        events = self.client.watch([rig.name])
        told = until_caught_up(events)
        self.assertEqual(told[0].rig.recalibration, automation_pb2.RECALIBRATION_OFF)
        rig.update(recalibration="promote")
        jobs, sets = [], []
        for event in events:
            if event.HasField("job"):
                jobs.append(event.job)
            if event.HasField("parameter_set"):
                sets.append((event.parameter_set.revision, event.parameter_set.state))
            if jobs and jobs[-1].HasField("end_time"):
                break
        self.assertEqual(jobs[-1].state, resources_pb2.JOB_STATE_SUCCEEDED, jobs[-1].error)
        self.assertEqual({job.kind for job in jobs}, {automation_pb2.JOB_KIND_RECALIBRATION})
        self.assertEqual(sets, [(0, resources_pb2.PARAMETER_SET_STATE_RETIRED),
                                (1, resources_pb2.PARAMETER_SET_STATE_CURRENT)])
        current = rig.parameter_set()
        self.assertEqual((current.revision, current.promoter), (1, "analysis"))
        [same] = rig.what_if(current)
        self.assertEqual(same.report, rig.latest_report().name)
        self.assertFalse(same.HasField("failure"))
        self.assertEqual(rig.rollback().revision, 0)
        with self.assertRaises(parallax.Aborted) as raised:
            current.promote()
        self.assertEqual(raised.exception.field, "etag")
        again = rig.parameter_set(1).promote("tried again")
        self.assertEqual((again.state, again.reason, again.promoter),
                         ("CURRENT", "tried again", "ipv4:127.0.0.1"))
        with self.assertRaises(parallax.InvalidArgument):
            rig.update(recalibration="sometimes")


if __name__ == "__main__":
    unittest.main()
