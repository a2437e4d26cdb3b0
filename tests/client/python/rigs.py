"""Rigs and recordings that the tests use."""

import csv
import hashlib
import json
import pathlib

TCLAB = pathlib.Path(__file__).resolve().parents[2] / "data" / "tclab-byu"
START_NS = 1_519_916_400_000_000_000  # 2018-03-01T15:00:00Z
STEP_NS = 1_000_000_007


def two_heater_rig():
    """rig.json of the two-heater board."""
    return json.loads((TCLAB / "rig.json").read_text())


def create_rig(client, rig_id):
    """A two-heater board under a name of its own."""
    return client.create_rig(rig_id, two_heater_rig(), twin="two_heater")


def open_run(client, rig_id, run_id="run"):
    """A run of a new rig."""
    return create_rig(client, rig_id).open_run(run_id, start=START_NS)


def read_recording(run_id):
    """(times, columns) of a run's board.csv: ints [ns] and lists of floats by channel."""
    with open(TCLAB / "runs" / run_id / "board.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    times = [int(row["time_ns"]) for row in rows]
    return times, {channel: [float(row[channel]) for row in rows] for channel in ("Q1", "Q2", "T1", "T2")}


def producer_of(run_id):
    """The producer under which the CLI replays a run's board.csv."""
    return hashlib.sha256((TCLAB / "runs" / run_id / "board.csv").read_bytes()).hexdigest()


def push_campaign(client, rig_id):
    """The whole campaign, pushed as the CLI would replay it; the Rig."""
    campaign = json.loads((TCLAB / "campaign.json").read_text())
    rig = client.create_rig(rig_id, two_heater_rig(), twin=campaign["twin"],
                            assumptions=campaign["assumptions"], title=campaign["title"])
    for split in ("calibrate", "validate"):
        for run_id in campaign["splits"][split]:
            document = json.loads((TCLAB / "runs" / run_id / "run.json").read_text())
            run = rig.open_run(run_id, document=document, split=split)
            with run.stream(producer_id=producer_of(run_id)) as stream:
                stream.push_block(*read_recording(run_id))
            run.close()
    return rig
