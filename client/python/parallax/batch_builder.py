"""Rows of samples into the batches of the wire."""

import numpy as np

from parallax.v1 import ingest_pb2

_USUAL_ROWS = 2000
_MAX_CELLS = 131_072


def most_rows(channels):
    """Rows of so many channels that one message can hold: gRPC takes 4 MiB."""
    return max(_MAX_CELLS // max(channels, 1), 1)


def usual_rows(channels):
    """Rows that make one batch: 2,000, or fewer where they are wide.

    The same as the C++ client's: a recording that either of them replays has the same batches.
    """
    return min(most_rows(channels), _USUAL_ROWS)


class _Column:
    """Samples of one channel that wait for their batch."""

    def __init__(self):
        self.times = []
        self.values = []
        self.quality = bytearray()

    def message(self, channel_index):
        """As ChannelSamples; even spacing as its period, quality only where some sample is not good."""
        samples = ingest_pb2.ChannelSamples(channel_index=channel_index,
                                            first_time_unix_ns=self.times[0], value=self.values)
        deltas = np.diff(np.array(self.times, dtype=np.int64))
        if deltas.size and (deltas == deltas[0]).all():
            samples.period_ns = int(deltas[0])
        else:
            samples.delta_time_ns.extend(deltas.tolist())
        if any(self.quality):
            samples.quality = bytes(self.quality)
        return samples


class BatchBuilder:
    """Collects rows into batches. One owner.

    rows  rows that hold a sample and wait; at most `rows_per_batch`
    """

    def __init__(self, rows_per_batch):
        self.rows = 0
        self.samples = 0
        self._rows_per_batch = rows_per_batch
        self._columns = {}

    @property
    def room(self):
        """Rows that still go into this batch."""
        return self._rows_per_batch - self.rows

    def add_row(self, time_ns, values, quality):
        """One sample for each channel of `values`, by channel index; a row of none does not count.

        time_ns  [ns since the Unix epoch]
        quality  by channel index, 0 (good), 16 (uncertain) or 32 (bad); a missing one is good
        """
        for index, value in values.items():
            column = self._columns.setdefault(index, _Column())
            column.times.append(time_ns)
            column.values.append(value)
            column.quality.append(quality.get(index, 0))
        self.samples += len(values)
        self.rows += bool(values)

    def add_rows(self, times_ns, values, quality):
        """Rows that all hold one sample for each channel of `values`; at most `room` of them.

        times_ns  list of ints, n of them [ns since the Unix epoch]
        values    lists of floats by channel index, n each
        quality   bytes by channel index, n each; a missing one is good
        """
        rows = len(times_ns)
        for index, column_values in values.items():
            column = self._columns.setdefault(index, _Column())
            column.times.extend(times_ns)
            column.values.extend(column_values)
            column.quality.extend(quality.get(index, bytes(rows)))
        self.samples += rows * len(values)
        self.rows += rows if values else 0

    def take(self, seq):
        """The batch of what waits, in ascending channel index; the builder is empty afterwards."""
        batch = ingest_pb2.SampleBatch(
            seq=seq, columns=[self._columns[index].message(index) for index in sorted(self._columns)])
        self._columns = {}
        self.rows = 0
        self.samples = 0
        return batch
