#!/usr/bin/env python3
"""A two-heater board that is measured just now: live_rig.py ADDRESS RIG RUN [ROWS_A_SECOND]

Registers RIG, opens RUN and pushes ten rows a second, or as many as are asked for, until it is killed, also while its
daemon is away.
"""

import json
import math
import pathlib
import sys
import time

import parallax

BOARD = pathlib.Path(__file__).resolve().parents[2] / "data/tclab-byu/rig.json"


def main(address, rig_id, run_id, rows_a_second="10"):
    period_s = 1.0 / float(rows_a_second)
    client = parallax.Client(address)
    rig = client.create_rig(rig_id, json.loads(BOARD.read_text()), twin="two_heater", recalibration="off")
    run = rig.open_run(run_id, start=time.time_ns())
    # Holds minutes of samples while the daemon is away.
    with run.stream(linger_s=max(period_s, 0.05), max_unacked=4096) as stream:
        start = time.monotonic()
        for row in range(10**9):
            warmth = 3.0 * math.sin(row * period_s / 4.0)
            stream.push(time.time_ns(), {"Q1": 40.0, "Q2": 0.0, "T1": 30.0 + warmth, "T2": 22.0 + warmth / 4.0})
            time.sleep(max(0.0, start + row * period_s - time.monotonic()))


if __name__ == "__main__":
    main(*sys.argv[1:])
