"""Pushing samples from a lab script."""

import copy
import os
import socket
import threading
import uuid

import numpy as np

from parallax.account import Account
from parallax.batch_builder import BatchBuilder, most_rows, usual_rows
from parallax.channel_index import ChannelIndex
from parallax.errors import DataLoss, FailedPrecondition, ParallaxError, invalid_field
from parallax.names import rig_of
from parallax.stream_writer import StreamWriter
from parallax.times import unix_ns, unix_ns_array
from parallax.v1 import ingest_pb2, query_pb2

_LIVE_LINGER_S = 0.5
_QUALITIES = (0, 16, 32)


class RunStream:
    """Samples of one producer into one run; a context manager whose end waits until all is on disk.

        with client.stream_run("r7", "42") as stream:
            stream.push(time.time_ns(), {"T1": 21.4, "Q1": 50.0})
        print(stream.account)

    A daemon that restarts or a link that breaks is waited for: what is not on disk is held and sent
    again, once. push blocks while the buffer is full. Values are sent as they are, never restamped or
    converted. Thread-safe.
    """

    def __init__(self, connection, run, options):
        """run: "rigs/r7/runs/42"; options: StreamOptions. Errors: InvalidArgument for an option."""
        options.validate()
        self.run = run
        self._connection = connection
        self._options = options
        self._live = options.producer_id is None
        self.producer_id = options.producer_id or _unique_producer()
        self._linger_s = (options.linger_s or _LIVE_LINGER_S) if self._live else None
        self._account = Account()
        self._push_lock = threading.Lock()
        self._closing = threading.Event()
        self._writer = None
        self._cut = None  # a batch on its way to the writer, and its samples
        self._finished = False

    def __enter__(self):
        """Errors: NotFound for the rig or run, Unavailable, and others of GetRig and GetRun."""
        rig = self._connection.call_patiently(self._connection.query.GetRig,
                                              query_pb2.GetRigRequest(name=rig_of(self.run))).rig
        self._connection.call_patiently(self._connection.query.GetRun,
                                        query_pb2.GetRunRequest(name=self.run))
        self._channels = ChannelIndex(rig)
        self._builder = BatchBuilder(self._rows_per_batch())
        hello = ingest_pb2.Hello(run=self.run, producer_id=self.producer_id, epoch=self._options.epoch,
                                 schema_hash=rig.schema_hash)
        self._writer = StreamWriter(self._connection.ingest, hello, self._options, self._account)
        if self._linger_s is not None:
            threading.Thread(target=self._flush_lingering, name="parallax-linger", daemon=True).start()
        return self

    def __exit__(self, kind, error, trace):
        """Sends what was pushed, also where the block ended with an error: it was measured.

        Errors: the one that ended the stream for good, unless the block raised one itself.
        """
        try:
            self._finish()
        except ParallaxError:
            if error is None:
                raise
        finally:
            self._closing.set()
            self._writer.abandon()

    @property
    def account(self):
        """An Account: what became of the samples so far; exact once the block is over."""
        if self._writer is None:
            return Account()
        with self._writer.lock:
            return copy.deepcopy(self._account)

    def push(self, time, values, quality=None):
        """One row: samples that share their time.

        time     of the device's clock: int [ns since the Unix epoch], aware datetime, datetime64
        values   by channel, in the channel's unit; None is no sample, NaN one that the daemon refuses
        quality  by channel: 0 good, 16 uncertain, 32 bad; a missing one is good
        Errors: NotFound for a channel, InvalidArgument for a time, value or quality; what ended the
        stream for good. Nothing of a refused row is sent.
        """
        time_ns = unix_ns(time)
        row = self._by_index({name: _number(name, value)
                              for name, value in values.items() if value is not None})
        codes = self._by_index({name: _quality(name, code) for name, code in (quality or {}).items()})
        with self._push_lock:
            self._begin_push()
            self._builder.add_row(time_ns, row, codes)
            self._pushed(len(row))
            if self._builder.room == 0:
                self._cut_batch()

    def push_block(self, times, columns, quality=None):
        """n rows at once: every channel has a value at every time.

        times    n times as push takes them, or an int64 or datetime64 array
        columns  arrays of n values by channel
        quality  arrays of n codes by channel; a missing one is good
        Errors: as push; InvalidArgument where a length is not n. Nothing of a refused block is sent.
        """
        times_ns = unix_ns_array(times).tolist()
        rows = len(times_ns)
        values = self._by_index({name: _numbers(name, column, rows)
                                 for name, column in columns.items()})
        codes = self._by_index({name: _qualities(name, column, rows)
                                for name, column in (quality or {}).items()})
        with self._push_lock:
            begin = 0
            while begin < rows:
                self._begin_push()
                end = min(begin + self._builder.room, rows)
                self._builder.add_rows(times_ns[begin:end],
                                       {index: column[begin:end] for index, column in values.items()},
                                       {index: column[begin:end] for index, column in codes.items()})
                self._pushed((end - begin) * len(values))
                if self._builder.room == 0:
                    self._cut_batch()
                begin = end

    def flush(self, timeout_s=None):
        """Waits until everything pushed so far is on disk.

        Errors: what ended the stream for good; DeadlineExceeded after `timeout_s`; for a named producer
        FailedPrecondition where it would cut a batch short.
        """
        with self._push_lock:
            self._begin_push()
            if self._builder.rows and not self._live:
                raise FailedPrecondition("a named producer's batches are cut by rows_per_batch alone, so "
                                         f"{self._builder.rows} rows wait for theirs to fill")
            self._cut_batch()
        self._writer.wait(timeout_s)

    def _rows_per_batch(self):
        channels = len(self._channels.names)
        rows = self._options.rows_per_batch or usual_rows(channels)
        if rows > most_rows(channels):
            raise invalid_field("rows_per_batch", rows,
                                f"at most {most_rows(channels)} for {channels} channels")
        return rows

    def _by_index(self, by_name):
        by_index = {self._channels.find(name): value for name, value in by_name.items()}
        if len(by_index) < len(by_name):
            raise invalid_field("values", ", ".join(by_name), "one name for each channel",
                                'a channel is named as "ID" and as "DEVICE/ID"')
        return by_index

    def _begin_push(self):
        if self._writer is None or self._finished:
            raise FailedPrecondition('a stream is used inside its "with" block')
        self._writer.raise_failure()

    def _pushed(self, samples):
        with self._writer.lock:
            self._account.pushed += samples

    def _cut_batch(self):
        """Hands what waits to the writer; the push lock is held."""
        self._write_cut()
        if self._builder.rows:
            samples = self._builder.samples
            self._cut = (self._builder.take(self._writer.next_seq), samples)
            self._write_cut()

    def _write_cut(self):
        # Kept until the writer has it: an interrupt may come while it waits for room.
        if self._cut is not None:
            self._writer.write(*self._cut)
            self._cut = None

    def _flush_lingering(self):
        """Cuts batches that do not fill in time; a failure is told by the next push."""
        while not self._closing.wait(self._linger_s):
            with self._push_lock:
                if self._finished:
                    return
                try:
                    self._cut_batch()
                except ParallaxError:
                    return

    def _finish(self):
        with self._push_lock:
            self._finished = True
            self._cut_batch()
        self._writer.finish()
        stored = self._stored()
        with self._writer.lock:
            self._account.settle(stored)

    def _stored(self):
        """Samples of this producer that the daemon counts on disk; None where it holds more batches.

        Errors: DataLoss where it holds fewer than it acked.
        """
        response = self._connection.call_patiently(self._connection.query.GetRun,
                                                   query_pb2.GetRunRequest(name=self.run))
        batches, stored = 0, 0
        for stream in response.streams:
            if (stream.producer_id, stream.epoch) == (self.producer_id, self._options.epoch):
                batches, stored = stream.batches, stream.stored
        if batches < self._account.batches:
            raise DataLoss(f"{self.run} holds {batches} batches of producer {self.producer_id}, but "
                           f"{self._account.batches} were acked")
        return stored if batches == self._account.batches else None


def _unique_producer():
    return f"python-{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:16]}"


def _number(name, value):
    try:
        return float(value)
    except (TypeError, ValueError):
        raise invalid_field(f"values[{name}]", repr(value), "a number") from None


def _numbers(name, column, rows):
    array = np.asarray(column)
    if array.shape != (rows,):
        raise invalid_field(f"columns[{name}]", f"shape {array.shape}", f"shape ({rows},), as times")
    try:
        return array.astype(np.float64).tolist()
    except (TypeError, ValueError):
        raise invalid_field(f"columns[{name}]", f"an array of {array.dtype}", "numbers") from None


def _quality(name, code):
    if code not in _QUALITIES:
        raise invalid_field(f"quality[{name}]", repr(code), "0 (good), 16 (uncertain) or 32 (bad)")
    return int(code)


def _qualities(name, column, rows):
    codes = [_quality(name, code) for code in np.asarray(column).tolist()]
    if len(codes) != rows:
        raise invalid_field(f"quality[{name}]", f"{len(codes)} codes", f"{rows}, as times")
    return bytes(codes)
