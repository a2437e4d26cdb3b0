"""Where samples went: the daemon's ledger, and a stream's own account."""

import dataclasses

# Reasons for which the daemon refuses a whole batch. The stream ends then and the batch is sent again or
# given up, so that its samples are not yet settled; see Ledger in proto/parallax/v1/resources.proto.
_WHOLE_BATCH = frozenset({"MALFORMED_BATCH", "OUT_OF_SEQUENCE", "CONFLICTING_BATCH", "STORE_REFUSED"})

# Our own reason; see Account.rejected.
UNHEARD = "UNHEARD"
_MOST_EXAMPLES = 8


@dataclasses.dataclass
class Ledger:
    """Samples by fate: received = stored + retired + duplicate + sum(rejected) + queued.

    rejected  by reason, {"NOT_FINITE": 3}
    retired   were stored, and removed since; see Run.retirement
    """

    received: int = 0
    stored: int = 0
    duplicate: int = 0
    rejected: dict = dataclasses.field(default_factory=dict)
    queued: int = 0
    retired: int = 0

    @classmethod
    def of(cls, message):
        """From the wire's Ledger."""
        return cls(message.received, message.stored, message.duplicate, dict(message.rejected),
                   message.queued, message.retired)

    def add(self, other):
        """Adds the counts of `other`."""
        self.received += other.received
        self.stored += other.stored
        self.duplicate += other.duplicate
        self.queued += other.queued
        self.retired += other.retired
        for reason, samples in other.rejected.items():
            self.rejected[reason] = self.rejected.get(reason, 0) + samples


@dataclasses.dataclass
class Account:
    """What became of the samples of one stream. Once it is finished,

        pushed = stored + sum(rejected.values())        (waiting = 0)

    pushed       samples handed to the stream
    acked        of these, settled by the daemon: on disk, or refused one by one for a reason
    skipped      of these, settled in an earlier life of the producer and not sent again
    stored       on disk, counted by the daemon; None until the stream is finished, and where the daemon
                 holds more batches of the producer than this stream pushed
    rejected     samples by reason, {"NOT_FINITE": 3}. "UNHEARD" are refused samples of batches whose ack
                 never arrived: the link broke, or an earlier life of the producer sent them
    examples     up to eight refused samples as ErrorDetail: field, value, bound
    batches      batches settled
    connections  times that the stream connected
    wire         sum of the daemon's ledgers of all connections heard, with what was sent twice
    """

    pushed: int = 0
    acked: int = 0
    skipped: int = 0
    stored: int | None = None
    rejected: dict = dataclasses.field(default_factory=dict)
    examples: list = dataclasses.field(default_factory=list)
    batches: int = 0
    connections: int = 0
    wire: Ledger = dataclasses.field(default_factory=Ledger)

    @property
    def waiting(self):
        """Samples that the daemon has not settled yet, or never will where the stream failed."""
        return self.pushed - self.acked

    def add_examples(self, examples):
        """Keeps the first few."""
        self.examples.extend(list(examples)[:_MOST_EXAMPLES - len(self.examples)])

    def settle(self, stored):
        """Fixes `rejected` once everything is acked; `stored` as the daemon counts it, or None."""
        self.rejected = rejected_samples(self.wire)
        self.stored = stored
        if stored is None:
            return
        unheard = self.acked - stored - sum(self.rejected.values())
        if unheard > 0:
            self.rejected[UNHEARD] = unheard


def rejected_samples(ledger):
    """The samples that a Ledger counts as refused one by one, by reason."""
    return {reason: n for reason, n in ledger.rejected.items() if reason not in _WHOLE_BATCH}
