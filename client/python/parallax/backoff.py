"""Waits between attempts to connect."""

import dataclasses
import random


@dataclasses.dataclass(frozen=True)
class BackoffOptions:
    """w(n) = min(maximum_s, initial_s · multiplier^(n-1)) · (1 - jitter · U), U uniform on (0, 1).

    jitter  share of a wait that chance takes away, 0 to 1, so that the clients of one daemon do not
            come back all at once
    """

    initial_s: float = 0.1
    maximum_s: float = 5.0
    multiplier: float = 2.0
    jitter: float = 0.3


class Backoff:
    """One owner.

    seed  of the jitter; None takes one from the system
    """

    def __init__(self, options, seed=None):
        self._options = options
        self._random = random.Random(seed)

    def after(self, failures):
        """The wait after the n-th failure in a row, n >= 1 [s]."""
        options = self._options
        # Beyond 64 doublings every wait is the longest one, and the power would overflow.
        growth = options.multiplier ** min(max(failures, 1) - 1, 64)
        wait_s = min(options.initial_s * growth, options.maximum_s)
        return wait_s * (1.0 - options.jitter * self._random.random())
