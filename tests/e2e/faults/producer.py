"""A producer whose every bit follows from its seed, and the oracle of the fault table."""

import itertools
import queue
import time

import grpc
import numpy as np

from parallax.v1 import ingest_pb2, ingest_pb2_grpc, query_pb2, query_pb2_grpc
from rigs import START_NS, STEP_NS, create_rig

CHANNELS = ("board/Q1", "board/Q2", "board/T1", "board/T2")
_CALL_S = 60.0
# Each try a connection of its own, which tells at once where nobody listens.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 200))


class Producer:
    """One stream of a run.

    acked        batches that the daemon said are on disk
    connections  so far
    """

    def __init__(self, run, schema_hash, seed, rows=25, window=16, metadata=()):
        """metadata: of every call; proves who it is."""
        self.run, self.schema_hash, self.seed = run, schema_hash, seed
        self.rows, self.window, self.metadata = rows, window, metadata
        self.acked = 0
        self.connections = 0

    def values(self, seq):
        """Channels × rows: some of full precision, some of a sensor's steps, all within range."""
        random = np.random.default_rng((self.seed, seq))
        values = random.uniform(1.0, 99.0, (len(CHANNELS), self.rows))
        values[seq % len(CHANNELS)] = np.round(values[seq % len(CHANNELS)], 2)
        return values

    def times(self, seq):
        return START_NS + STEP_NS * (self.rows * seq + np.arange(self.rows, dtype=np.int64))

    def batch(self, seq):
        first = int(self.times(seq)[0])
        columns = [ingest_pb2.ChannelSamples(channel_index=i, first_time_unix_ns=first, period_ns=STEP_NS,
                                             value=row) for i, row in enumerate(self.values(seq))]
        return ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(seq=seq, columns=columns))

    def hello(self):
        return ingest_pb2.StreamRequest(hello=ingest_pb2.Hello(
            run=self.run, producer_id=f"producer-{self.seed}", schema_hash=self.schema_hash))

    def push(self, address, end, timeout_s=_CALL_S):
        """Sends over one connection what is not on disk of batches below `end`; how the stream ended."""
        self.connections += 1
        requests = queue.SimpleQueue()
        try:
            with grpc.insecure_channel(address, options=_OPTIONS) as channel:
                stub = ingest_pb2_grpc.IngestServiceStub(channel)
                responses = stub.Stream(iter(requests.get, None), timeout=timeout_s, metadata=self.metadata)
                requests.put(self.hello())
                self._exchange(requests, responses, end)
            return grpc.StatusCode.OK
        except grpc.RpcError as error:
            return error.code()
        finally:
            requests.put(None)

    def push_all(self, address, end, on_end=None):
        """Connects until all below `end` is acked; `on_end` is told how each stream ended."""
        for _ in range(10_000):
            code = self.push(address, end)
            if on_end is not None:
                on_end(code)
            if code is grpc.StatusCode.OK:
                return
            time.sleep(0.02)
        raise AssertionError(f"{self.run}: no end after {self.connections} connections")

    def verify(self, address, exactly=None):
        """Fails unless what is stored has all that was acked, each batch once, every bit as it was sent.

        exactly: as many batches must be there. Returns how many are.
        """
        with grpc.insecure_channel(address, options=_OPTIONS) as channel:
            stub = query_pb2_grpc.QueryServiceStub(channel)
            answer = stub.GetRun(query_pb2.GetRunRequest(name=self.run), timeout=_CALL_S, metadata=self.metadata,
                                 wait_for_ready=True)
            batches = answer.streams[0].batches if answer.streams else 0
            _expect(batches >= self.acked, f"{self.run}: {self.acked} acked, {batches} stored")
            _expect(exactly is None or batches == exactly, f"{self.run}: {batches} stored, sent {exactly}")
            expected = batches * self.rows * len(CHANNELS)
            _expect(answer.run.ledger.stored == expected,
                    f"{self.run}: the ledger counts {answer.run.ledger.stored}, must be {expected}")
            sent = [self.values(seq) for seq in range(batches)]
            times = [self.times(seq) for seq in range(batches)]
            for index, name in enumerate(CHANNELS):
                self._verify_channel(stub, name, times, [values[index] for values in sent])
        return batches

    def _exchange(self, requests, responses, end):
        resume = next(responses).welcome.resume_from_seq
        _expect(resume >= self.acked, f"{self.run}: {self.acked} were acked, it resumes from {resume}")
        self.acked = resume
        following = itertools.count(resume)
        sent = resume
        while self.acked < end:
            while sent < min(end, self.acked + self.window):
                requests.put(self.batch(next(following)))
                sent += 1
            response = next(responses)
            if response.HasField("ack"):
                self.acked = max(self.acked, response.ack.seq + 1)
        requests.put(None)
        for _ in responses:
            pass

    def _verify_channel(self, stub, name, times, values):
        request = query_pb2.GetSeriesRequest(run=self.run, channel=name, form=query_pb2.SERIES_FORM_RAW)
        parts = list(stub.GetSeries(request, timeout=_CALL_S, metadata=self.metadata))
        got_times = np.concatenate([np.array(part.time_unix_ns, np.int64) for part in parts] or [[]])
        got = np.concatenate([np.array(part.value, np.float64) for part in parts] or [[]])
        _expect(np.array_equal(got_times, np.concatenate(times or [[]])), f"{self.run} {name}: other times")
        same = np.array_equal(got.view(np.uint64), np.concatenate(values or [[]]).view(np.uint64))
        _expect(same, f"{self.run} {name}: other values")


def make_producers(client, rig_id, count, **options):
    """A two-heater rig with `count` runs, and a producer of each."""
    rig = create_rig(client, rig_id)
    schema_hash = rig.message.schema_hash
    for i in range(count):
        rig.open_run(f"run-{i}", start=START_NS)
    return [Producer(f"rigs/{rig_id}/runs/run-{i}", schema_hash, seed=i, **options) for i in range(count)]


def _expect(condition, message):
    if not condition:
        raise AssertionError(message)
