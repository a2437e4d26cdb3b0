"""Waiting for something to come true."""

import time


def wait_until(condition, timeout_s=30.0, what="it"):
    """What `condition` returns once that is true. Errors: AssertionError that names `what`, late."""
    give_up_at = time.monotonic() + timeout_s
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > give_up_at:
            raise AssertionError(f"{what} did not come to be within {timeout_s} s")
        time.sleep(0.05)
