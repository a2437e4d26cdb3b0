"""How a stream behaves."""

import dataclasses
import enum

from parallax.backoff import BackoffOptions
from parallax.errors import invalid_field


class OnStored(enum.Enum):
    """What to do with batches that the daemon holds from an earlier life of this producer."""

    SKIP = "skip"      # resume behind them; the last one is compared
    RESEND = "resend"  # send them again: the daemon compares their content and counts duplicates


@dataclasses.dataclass(frozen=True)
class StreamOptions:
    """Of one stream.

    producer_id      who sends, 1 to 128 characters. None: one that nobody else has, for samples that
                     are measured while the script runs. A name of your own makes the stream a replay:
                     run again with the same pushes, it goes on where it stopped. Other pushes under the
                     same name and epoch are DataLoss where the daemon sees that they differ
    epoch            times that a named producer began anew from nothing; a lower one is refused
    on_stored        for named producers
    rows_per_batch   rows that go to disk together; None: 2,000, fewer for rigs of over 65 channels
    linger_s         longest time that a row waits for its batch to fill [s]. None: half a second; for
                     a named producer without end, since its batches must come out the same each time
    max_unacked      batches held until they are on disk; push waits while there are as many
    give_up_after_s  time without any progress after which the stream fails [s]
    stall_timeout_s  time without an answer that is due after which the link counts as broken [s]
    backoff          waits between attempts
    seed             of the waits' jitter; None takes one from the system
    """

    producer_id: str | None = None
    epoch: int = 0
    on_stored: OnStored = OnStored.SKIP
    rows_per_batch: int | None = None
    linger_s: float | None = None
    max_unacked: int = 64
    give_up_after_s: float = 300.0
    stall_timeout_s: float = 30.0
    backoff: BackoffOptions = BackoffOptions()
    seed: int | None = None

    def validate(self):
        """Errors: InvalidArgument naming the option, its value and its bound."""
        for name in ("rows_per_batch", "linger_s", "max_unacked", "give_up_after_s", "stall_timeout_s"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise invalid_field(name, value, "> 0")
        if self.producer_id is not None and self.linger_s is not None:
            raise invalid_field("linger_s", self.linger_s, "None for a named producer",
                                "its batches must have the same boundaries every time")
        if not isinstance(self.on_stored, OnStored):
            raise invalid_field("on_stored", repr(self.on_stored), "OnStored.SKIP or OnStored.RESEND")
