"""Who overloads a daemon: each a thread that goes on until it is stopped, and counts what it did."""

import http.client
import itertools
import socket
import threading
import time

import grpc
import numpy as np

from parallax.v1 import ingest_pb2, query_pb2, query_pb2_grpc, watch_pb2
from rigs import START_NS, STEP_NS

_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)
_STREAM = "/parallax.v1.IngestService/Stream"
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # and empty SETTINGS


class Actor(threading.Thread):
    """What `act` does, over and over; an error of gRPC begins it anew."""

    def __init__(self, address, metadata):
        super().__init__(daemon=True)
        self.address, self.metadata = address, metadata
        self.stopping = threading.Event()
        self.codes = {}  # how streams ended, by code

    def run(self):
        while not self.stopping.is_set():
            with grpc.insecure_channel(self.address, options=_OPTIONS) as channel:
                try:
                    self.act(channel)
                except grpc.RpcError as error:
                    self.codes[error.code()] = self.codes.get(error.code(), 0) + 1
                    self.stopping.wait(0.05)

    def stop(self):
        self.stopping.set()
        self.join()


def batch_bytes(rows):
    """Batch 0 of a board, serialised: sent again and again it is a duplicate, which fills no disk."""
    values = np.linspace(20.0, 90.0, rows)
    return ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(seq=0, columns=[
        ingest_pb2.ChannelSamples(channel_index=index, first_time_unix_ns=START_NS, period_ns=STEP_NS, value=values)
        for index in range(4)])).SerializeToString()


class Flood(Actor):
    """A producer that sends as fast as it can, one message again and again, and reads no acknowledgement.

    rows  samples a channel of a message
    """

    def __init__(self, address, metadata, run, schema_hash, producer, rows):
        super().__init__(address, metadata)
        self._hello = ingest_pb2.StreamRequest(hello=ingest_pb2.Hello(
            run=run, producer_id=producer, schema_hash=schema_hash)).SerializeToString()
        self._batch = batch_bytes(rows)
        self.sent = 0

    def act(self, channel):
        ended = threading.Event()
        call = channel.stream_stream(_STREAM)(self._messages(ended), metadata=self.metadata)
        if not call.add_callback(ended.set):
            ended.set()
        while not ended.is_set() and not self.stopping.wait(0.05):
            pass
        call.cancel()
        if not self.stopping.is_set():
            raise call

    def _messages(self, ended):
        yield self._hello
        while not ended.is_set() and not self.stopping.is_set():
            self.sent += 1
            yield self._batch


class SlowRig(Actor):
    """A rig that sends a batch now and then and waits for its acknowledgement."""

    def __init__(self, address, producer, pace_s):
        super().__init__(address, producer.metadata)
        self.producer, self._pace_s = producer, pace_s

    def act(self, channel):
        for end in itertools.count(self.producer.acked + 1):
            if self.stopping.wait(self._pace_s):
                return
            self.producer.push_all(self.address, end)


class NeverReads(Actor):
    """Asks for series and for what happens, many times over, and reads none of it."""

    def __init__(self, address, metadata, run, calls):
        super().__init__(address, metadata)
        self._run, self._calls = run, calls

    def act(self, channel):
        query = query_pb2_grpc.QueryServiceStub(channel)
        series = query_pb2.GetSeriesRequest(run=self._run, channel="board/T1", form=query_pb2.SERIES_FORM_RAW)
        watch = watch_pb2.WatchRequest(names=[self._run], detail=watch_pb2.WATCH_DETAIL_POINTS)
        calls = [query.GetSeries(series, metadata=self.metadata) for _ in range(self._calls)]
        calls += [query.Watch(watch, metadata=self.metadata) for _ in range(2)]
        self.stopping.wait()
        for call in calls:
            call.cancel()


class SlowBodies:
    """HTTP requests that announce a large body and send none of it."""

    def __init__(self, http_address, authorization, count):
        host, port = http_address.rsplit(":", 1)
        self.connections = []
        for _ in range(count):
            connection = http.client.HTTPConnection(host, int(port), timeout=30)
            connection.putrequest("POST", "/parallax.v1.QueryService/GetRun")
            for name, value in (("Content-Type", "application/json"), ("Content-Length", "4000000"),
                                ("Authorization", authorization)):
                connection.putheader(name, value)
            connection.endheaders()
            self.connections.append(connection)

    def refused(self):
        """How many were refused rather than read."""
        count = 0
        for connection in self.connections:
            connection.sock.settimeout(0.05)
            try:
                count += connection.sock.recv(64).startswith(b"HTTP/1.1 429")
            except (TimeoutError, socket.timeout):
                pass
        return count

    def close(self):
        for connection in self.connections:
            connection.close()


def idle_connections(address, count):
    """Connections that say that they speak HTTP/2, and then nothing, once the daemon has taken them all."""
    host, port = address.rsplit(":", 1)
    connections = []
    for _ in range(count):
        connection = socket.create_connection((host, int(port)), timeout=30)
        connection.sendall(_PREFACE)
        connections.append(connection)
    for connection in connections:
        connection.recv(1)  # its SETTINGS
    return connections


class Gauges(threading.Thread):
    """The largest value of resident memory and of some metrics, looked at ten times a second."""

    def __init__(self, daemon, authorization, names):
        super().__init__(daemon=True)
        self._daemon, self._authorization, self._names = daemon, authorization, names
        self._stopping = threading.Event()
        self.resident = []  # bytes
        self.largest = dict.fromkeys(names, 0.0)

    def read(self):
        """All metrics as they stand, by name with its labels; nothing where the daemon refuses to tell."""
        host, port = self._daemon.http_address.rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=30)
        try:
            connection.request("GET", "/metrics", headers={"Authorization": self._authorization})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status != 200:
            return {}
        return {name: float(value) for name, value in
                (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))}

    def run(self):
        while not self._stopping.wait(0.1):
            self.resident.append(resident_bytes(self._daemon.pid))
            metrics = self.read()
            for name in self._names:
                self.largest[name] = max(self.largest[name], metrics.get(name, 0.0))

    def stop(self):
        self._stopping.set()
        self.join()


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def await_true(what, attempt, patience_s=60.0):
    give_up_at = time.monotonic() + patience_s
    while not attempt():
        if time.monotonic() > give_up_at:
            raise AssertionError(f"{what} did not come within {patience_s} s")
        time.sleep(0.05)
