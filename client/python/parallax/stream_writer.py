"""Batches of one producer to disk, whatever the link and the daemon do meanwhile."""

import collections
import threading
import time

import grpc

from parallax.account import Ledger, rejected_samples
from parallax.backoff import Backoff
from parallax.errors import (Cancelled, DataLoss, DeadlineExceeded, FailedPrecondition, Internal,
                             InvalidArgument, OutOfRange, ResourceExhausted, Unavailable, Unknown,
                             from_rpc)
from parallax.stream_options import OnStored
from parallax.v1 import ingest_pb2

_STALL_CHECK_PERIOD_S = 0.2

# Of a link or a daemon that may be well again in a moment: restarting or draining, stalled, our own
# cancel of a stalled stream, disk full until there is room, a gap that the next Welcome resolves, and the
# two by which gRPC reports a reset link.
_MAY_PASS = (Unavailable, DeadlineExceeded, Cancelled, ResourceExhausted, OutOfRange, Internal, Unknown)


class _Held(collections.namedtuple("_Held", "request samples")):
    """A batch that is not yet on disk."""


class _Attempt:
    """One connection; everything belongs to the writer's lock."""

    def __init__(self):
        self.over = False
        self.error = None
        self.cancelled = False


class StreamWriter:
    """Holds what is not acked and sends it again from where the daemon's Welcome says.

    write and wait may come from several threads; a thread of the writer's own supervises the connection.
    `account` is shared with the owner: the writer changes it under `lock` only.
    """

    def __init__(self, stub, hello, options, account):
        self._stub = stub
        self._hello = hello
        self._options = options
        self._account = account
        self._backoff = Backoff(options.backoff, options.seed)
        self.lock = threading.Condition()
        self._unacked = collections.deque()
        self._first_unacked_seq = 0
        self._next_send_seq = 0
        self._next_write_seq = 0
        self._first_never_sent_seq = 0
        self._skip_below_seq = 0
        self._tail_seq = None  # last batch of an earlier life; -1: there was none, None: not yet told
        self._credit = 1
        self._welcomed = False
        self._finishing = False
        self._abandoned = False
        self._ended = False
        self._failure = None
        self._failures = 0
        self._trouble_since_s = 0.0
        self._waiting_since_s = 0.0
        self._connection_ledger = Ledger()
        self._supervisor = threading.Thread(target=self._supervise, name="parallax-stream", daemon=True)
        self._supervisor.start()

    @property
    def next_seq(self):
        """Number of the batch that write expects."""
        return self._next_write_seq

    def write(self, batch, samples):
        """Queues a batch of so many samples; waits while `max_unacked` batches are held.

        Errors: the one that ended the stream for good.
        """
        request = ingest_pb2.StreamRequest(batch=batch)
        with self.lock:
            if batch.seq < self._next_write_seq:
                return  # an interrupt came between this call and its return, and the owner asks again
            while not self._over() and len(self._unacked) >= self._options.max_unacked:
                self.lock.wait()
            self._raise_failure()
            self._next_write_seq += 1
            if batch.seq < self._skip_below_seq:
                self._first_unacked_seq = self._next_send_seq = batch.seq + 1
                self._count_acked(samples, self._account)
                self._account.skipped += samples
                return
            self._unacked.append(_Held(request, samples))
            self.lock.notify_all()

    def wait(self, timeout_s=None):
        """Waits until every batch written so far is on disk.

        Errors: the one that ended the stream for good; DeadlineExceeded after `timeout_s`.
        """
        with self.lock:
            target = self._next_write_seq
            done = self.lock.wait_for(
                lambda: self._over() or self._first_unacked_seq >= target, timeout_s)
            self._raise_failure()
            if not done:
                raise DeadlineExceeded(f"{target - self._first_unacked_seq} batches are not on disk after "
                                       f"{timeout_s} s; they are held and sent on")

    def finish(self):
        """Waits until every batch is on disk and ends the stream. Errors: as write."""
        with self.lock:
            self._finishing = True
            self._waiting_since_s = time.monotonic()
            self.lock.notify_all()
            while not self._ended:
                self.lock.wait()
            self._raise_failure()

    def abandon(self):
        """Ends the stream and drops what is not acked."""
        with self.lock:
            self._abandoned = True
            self.lock.notify_all()
        self._supervisor.join()

    def raise_failure(self):
        """Raises the error that ended the stream for good, if one did."""
        with self.lock:
            self._raise_failure()

    def _over(self):
        return self._failure is not None or self._abandoned

    def _raise_failure(self):
        if self._failure is not None:
            raise self._failure
        if self._abandoned:
            raise Cancelled("the stream was given up")

    def _supervise(self):
        while True:
            with self.lock:
                # A producer that has nothing to say, or nothing more to say, needs no connection.
                while not (self._unacked or self._finishing or self._over()):
                    self.lock.wait()
                if self._over() or not self._unacked:
                    break
            error = self._run_connection()
            with self.lock:
                if not self._go_on_after(error):
                    break
        with self.lock:
            self._ended = True
            self.lock.notify_all()

    def _go_on_after(self, error):
        """Whether another connection is due, after the wait for it; the lock is held."""
        if self._over():
            return False
        if error is not None and not isinstance(error, _MAY_PASS):
            self._fail(error)
            return False
        if not self._unacked:
            # The daemon ends streams that are silent for long; nothing was at stake.
            self._failures = 0
            return not self._finishing
        self._failures += 1
        now_s = time.monotonic()
        if self._failures == 1:
            self._trouble_since_s = now_s
        if now_s - self._trouble_since_s >= self._options.give_up_after_s:
            self._fail(error or Unavailable("the daemon keeps ending the stream early"))
            return False
        self.lock.wait_for(lambda: self._abandoned, self._backoff.after(self._failures))
        return True

    def _fail(self, error):
        self._failure = error
        self.lock.notify_all()

    def _run_connection(self):
        """One connection from Hello to its end; the error that ended it, or None."""
        attempt = _Attempt()
        with self.lock:
            self._welcomed = False
            self._waiting_since_s = time.monotonic()
            self._account.connections += 1
        try:
            call = self._stub.Stream(self._requests(attempt))
        except ValueError:  # how gRPC says so
            return FailedPrecondition("the client is closed")
        threading.Thread(target=self._read, args=(call, attempt), name="parallax-acks",
                         daemon=True).start()
        stalled = self._watch(call, attempt)
        with self.lock:
            self._account.wire.add(self._connection_ledger)
            self._connection_ledger = Ledger()
        if stalled:
            return DeadlineExceeded(f"no answer on the stream for {self._options.stall_timeout_s:g} s")
        return attempt.error

    def _watch(self, call, attempt):
        """Waits for the end of a connection and cancels one that stalls; whether it did."""
        stalled = False
        while True:
            with self.lock:
                if not attempt.over:
                    self.lock.wait(_STALL_CHECK_PERIOD_S)
                if attempt.over:
                    return stalled
                must_end = self._stalled() or self._over()
                stalled = stalled or (self._stalled() and not attempt.cancelled)
                cancel = must_end and not attempt.cancelled
                attempt.cancelled = attempt.cancelled or must_end
            if cancel:
                call.cancel()

    def _stalled(self):
        answer_due = (not self._welcomed or self._next_send_seq > self._first_unacked_seq
                      or self._finishing)
        return answer_due and time.monotonic() - self._waiting_since_s >= self._options.stall_timeout_s

    def _requests(self, attempt):
        """What gRPC sends, on a thread of its own: Hello, then batches as credit allows."""
        yield ingest_pb2.StreamRequest(hello=self._hello)
        while True:
            with self.lock:
                while True:
                    # First of all: what is due belongs to the next attempt once this one is over.
                    if attempt.over or attempt.cancelled:
                        return
                    request = self._next_request()
                    if request is not None:
                        break
                    if self._finishing and self._welcomed and not self._unacked:
                        return
                    self.lock.wait()
            yield request

    def _next_request(self):
        """The batch that is due, or None; the lock is held."""
        in_flight = self._next_send_seq - self._first_unacked_seq
        # Nothing follows a batch that is compared: where it differs, nothing else is to be stored.
        comparing = self._tail_seq is not None and self._first_unacked_seq <= self._tail_seq
        most = min(len(self._unacked), 1 if comparing else self._credit)
        if not self._welcomed or in_flight >= most:
            return None
        if in_flight == 0:
            self._waiting_since_s = time.monotonic()
        self._next_send_seq += 1
        self._first_never_sent_seq = max(self._first_never_sent_seq, self._next_send_seq)
        return self._unacked[in_flight].request

    def _read(self, call, attempt):
        error = None
        try:
            for response in call:
                with self.lock:
                    if response.HasField("welcome"):
                        self._on_welcome(response.welcome)
                    elif response.HasField("ack"):
                        self._on_ack(response.ack)
                    self.lock.notify_all()
        except grpc.RpcError as rpc_error:
            error = from_rpc(rpc_error)
        except Exception as bug:  # a thread that ended silently would leave its owner waiting
            error = InvalidArgument(f"the daemon's answer could not be read: {bug!r}")
        with self.lock:
            attempt.error = error
            attempt.over = True
            self.lock.notify_all()

    def _on_welcome(self, welcome):
        self._waiting_since_s = time.monotonic()
        self._credit = max(welcome.credit, 1)
        resume = welcome.resume_from_seq
        if resume < self._first_unacked_seq:
            self._fail(DataLoss(f"the daemon asks for batch {resume} of producer "
                                f"{self._hello.producer_id}, though it said that all before "
                                f"{self._first_unacked_seq} are on disk"))
            return
        if self._options.on_stored is OnStored.SKIP:
            self._skip_stored(resume)
        self._next_send_seq = self._first_unacked_seq
        self._welcomed = True

    def _skip_stored(self, resume):
        if self._tail_seq is None:
            self._tail_seq = resume - 1
        # The last batch of an earlier life is sent again and compared: where that life ended early it
        # was cut short, and skipping it would lose the samples that it holds now.
        begin = min(resume, self._tail_seq) if self._first_unacked_seq <= self._tail_seq else resume
        while self._unacked and self._first_unacked_seq < begin:
            never_sent = self._first_unacked_seq >= self._first_never_sent_seq
            samples = self._pop_acked()
            self._account.skipped += samples if never_sent else 0
        self._skip_below_seq = begin

    def _on_ack(self, ack):
        self._waiting_since_s = time.monotonic()
        self._failures = 0
        self._connection_ledger = Ledger.of(ack.ledger)
        self._account.add_examples(ack.rejected_examples)
        while self._unacked and self._first_unacked_seq <= min(ack.seq, self._next_send_seq - 1):
            self._pop_acked()
        heard = Ledger()
        heard.add(self._account.wire)
        heard.add(self._connection_ledger)
        self._account.rejected = rejected_samples(heard)

    def _pop_acked(self):
        samples = self._unacked.popleft().samples
        self._first_unacked_seq += 1
        self._count_acked(samples, self._account)
        return samples

    @staticmethod
    def _count_acked(samples, account):
        account.acked += samples
        account.batches += 1
