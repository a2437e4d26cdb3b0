"""A notebook as a script: push a recorded campaign as a lab would, read it back, ask what causes the gap.

push_and_explain.py [ADDRESS] [CAMPAIGN] [OUT]

ADDRESS   of a daemon, 127.0.0.1:50051
CAMPAIGN  folder with campaign.json, rig.json and runs; the two-heater board of tests/data
OUT       folder for the figure and the page; the current one
"""

# %% What is needed: the package on PYTHONPATH (client/python/build_package.py) and a running parallaxd.
import csv
import hashlib
import json
import pathlib
import sys

import numpy as np
import parallax

HERE = pathlib.Path(__file__).resolve().parent
arguments = dict(enumerate(sys.argv))
address = arguments.get(1, "127.0.0.1:50051")
folder = pathlib.Path(arguments.get(2, HERE / "../../../tests/data/tclab-byu"))
out = pathlib.Path(arguments.get(3, "."))

client = parallax.Client(address)
campaign = json.loads((folder / "campaign.json").read_text())

# %% The rig: what it is made of, which twin predicts it, and what the simulation assumes about it.
rig = client.create_rig("python-" + campaign["id"], json.loads((folder / "rig.json").read_text()),
                        twin=campaign["twin"], assumptions=campaign["assumptions"],
                        title=campaign["title"])
print(rig, rig.channels())


# %% One run: open it, push what the board said, close it. The recording is named by its hash, so that
# running this cell again sends nothing twice. On a live rig the loop would read the board and call
# stream.push(time.time_ns(), {"T1": ..., "Q1": ...}) on run.stream(), without a name; either way a daemon
# that restarts meanwhile is waited for.
def push(run_id, split):
    recorded = folder / "runs" / run_id
    run = rig.open_run(run_id, document=json.loads((recorded / "run.json").read_text()), split=split)
    recording = recorded / "board.csv"
    with run.stream(producer_id=hashlib.sha256(recording.read_bytes()).hexdigest()) as stream:
        with open(recording, newline="") as file:
            for row in csv.DictReader(file):
                time_ns = int(row.pop("time_ns"))
                stream.push(time_ns, {channel: cell or None for channel, cell in row.items()})
    account = stream.account
    print(f"{run.id}: {account.pushed} samples, {account.skipped} were there, {account.stored} on disk, "
          f"rejected: {account.rejected or 'none'}")
    return run.close()


runs = {split: [push(run_id, split) for run_id in campaign["splits"][split]]
        for split in ("calibrate", "validate")}

# %% The same samples, bit for bit, as a table.
temperature = runs["calibrate"][0].series("T1").to_dataframe()
print(temperature.head())
print(temperature["value"].describe(), temperature.attrs["unit"])

# %% Long recordings come decimated: first, last, least and greatest of each bucket, extremes exact.
overview = runs["calibrate"][0].series("T1", form="decimated", buckets=100).to_numpy()
assert np.nanmax(overview["maximum"]) == temperature["value"].max()

# %% What causes the gap between the board and its twin?
job = rig.analyze(runs["calibrate"], runs["validate"])
report = job.report()
print(report.verdict)
print(report.explain())

# %% The waterfall: what each assumption takes away, with its interval, and what nothing explains. In a
# notebook, `report` alone as the last line of a cell shows this with its words.
report.plot().save(out / "waterfall.svg")
(out / "report.html").write_text(f"<!doctype html><meta charset=utf-8>{report._repr_html_()}")
print(report.attribution()[["parameter", "shapley", "low", "high", "pip"]])

# %% What the daemon predicts with from now on, beside what was assumed.
current = rig.parameter_set()
print(current)
print(current.to_dataframe()[["parameter", "assumed", "value", "sd", "unit"]])
