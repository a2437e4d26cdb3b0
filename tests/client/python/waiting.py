"""Waiting for something to come true."""

import time


def wait_until(condition, timeout_s=30.0):
    give_up_at = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > give_up_at:
            raise AssertionError("it did not come to be in time")
        time.sleep(0.05)
