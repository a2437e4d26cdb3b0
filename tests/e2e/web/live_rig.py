#!/usr/bin/env python3
"""A two-heater board that is measured just now: live_rig.py ADDRESS RIG RUN

Registers RIG, opens RUN and pushes ten rows a second until it is killed, also while its daemon is away.
"""

import json
import math
import pathlib
import sys
import time

import parallax

BOARD = pathlib.Path(__file__).resolve().parents[2] / "data/tclab-byu/rig.json"
PERIOD_S = 0.1


def main(address, rig_id, run_id):
    client = parallax.Client(address)
    rig = client.create_rig(rig_id, json.loads(BOARD.read_text()), twin="two_heater", recalibration="off")
    run = rig.open_run(run_id, start=time.time_ns())
    # Holds minutes of samples while the daemon is away.
    with run.stream(linger_s=PERIOD_S, max_unacked=4096) as stream:
        start = time.monotonic()
        for row in range(10**9):
            warmth = 3.0 * math.sin(row / 40.0)
            stream.push(time.time_ns(), {"Q1": 40.0, "Q2": 0.0, "T1": 30.0 + warmth, "T2": 22.0 + warmth / 4.0})
            time.sleep(max(0.0, start + row * PERIOD_S - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
