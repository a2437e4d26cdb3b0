#!/usr/bin/env python3
"""Certificates are renewed again and again while rigs stream: no connection is refused and no sample is lost.

rotation_test.py BIN PACKAGE ROTATIONS

Each rotation renews the daemon's certificate or the rig's, by turns, with `parallaxd certs issue --renew`. The next
handshake on each port must show the daemon's newest. Meanwhile producers connect anew, again and again, and one
keeps its connection; in the end every batch that was acknowledged is stored, each exactly once.
"""

import pathlib
import socket
import ssl
import sys
import threading
import time
import unittest

BIN, PACKAGE, ROTATIONS = sys.argv.pop(1), sys.argv.pop(1), int(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [PACKAGE, str(HERE), str(HERE.parents[1] / "client" / "python")]

import grpc  # noqa: E402
from lab import CALL_S, Lab  # noqa: E402
from parallax.v1 import ingest_pb2, ingest_pb2_grpc  # noqa: E402
from rigs import START_NS  # noqa: E402

RUN = "rigs/r7/runs/one"
PRODUCERS = 3
CHANNELS = 4
ROWS = 10
BATCHES = 5  # of one connection
PACE_S = 0.002
STEP_NS = 1_000_000


def batch(producer, seq):
    """Samples that belong to this producer and place alone."""
    first_ns = START_NS + (seq * PRODUCERS + producer) * ROWS * STEP_NS
    return ingest_pb2.SampleBatch(seq=seq, columns=[
        ingest_pb2.ChannelSamples(channel_index=index, first_time_unix_ns=first_ns, period_ns=STEP_NS,
                                  value=[20.0 + row * 0.125 for row in range(ROWS)])
        for index in range(CHANNELS)])


class Producer(threading.Thread):
    """Streams a few batches over a connection of their own, again and again, until it is told to stop."""

    def __init__(self, lab, number, schema_hash, batches):
        super().__init__()
        self._lab, self._number, self._schema_hash, self._batches = lab, number, schema_hash, batches
        self.stopping = threading.Event()
        self.acked = 0  # batches, contiguously from 0
        self.connections = 0
        self.error = None

    def run(self):
        try:
            while not self.stopping.is_set():
                with self._lab.rig_channel("r7") as channel:
                    self._stream(ingest_pb2_grpc.IngestServiceStub(channel))
        except Exception as error:  # told by the test
            self.error = error

    def _stream(self, ingest):
        welcomed = threading.Event()
        resume = []

        def messages():
            yield ingest_pb2.StreamRequest(hello=ingest_pb2.Hello(
                run=RUN, producer_id=f"p{self._number}", schema_hash=self._schema_hash))
            welcomed.wait(CALL_S)
            seq = resume[0]
            while seq < resume[0] + self._batches and not self.stopping.is_set():
                yield ingest_pb2.StreamRequest(batch=batch(self._number, seq))
                seq += 1
                time.sleep(PACE_S)

        for answer in ingest.Stream(messages(), timeout=10 * CALL_S):
            if answer.HasField("welcome"):
                self.connections += 1
                resume.append(answer.welcome.resume_from_seq)
                if resume[0] < self.acked:
                    raise AssertionError(f"batch {resume[0]} was acknowledged and is gone")
                welcomed.set()
            elif answer.HasField("ack"):
                self.acked = max(self.acked, answer.ack.seq + 1)


class RotationTest(unittest.TestCase):
    def shown(self, port, protocols):
        """The certificate that the daemon shows at a handshake, DER."""
        context = ssl.create_default_context(cafile=str(self.lab.certs / "ca.crt"))
        context.set_alpn_protocols(protocols)
        with socket.create_connection(("127.0.0.1", port), timeout=CALL_S) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as wire:
                return wire.getpeercert(binary_form=True)

    def rotate(self, number):
        lab = self.lab
        if number % 2:
            lab.daemon("certs", "issue", lab.certs, "--rig", "r7", "--renew")
            return
        lab.daemon("certs", "issue", lab.certs, "--host", "127.0.0.1", "--renew")
        newest = ssl.PEM_cert_to_DER_cert((lab.certs / "server.crt").read_text())
        for port, protocols in ((int(lab.address.rsplit(":", 1)[1]), ["h2"]), (lab.http_port, ["http/1.1"])):
            self.assertEqual(self.shown(port, protocols), newest, f"rotation {number}")

    def test_no_sample_is_lost(self):
        self.lab = Lab(BIN)
        self.addCleanup(self.lab.close)
        self.lab.create_rigs()
        with self.lab.client("viewer") as client:
            schema_hash = client.rig("r7").message.schema_hash
        # One of them never has batches enough, so that its connection stays.
        producers = [Producer(self.lab, number, schema_hash, BATCHES if number else sys.maxsize)
                     for number in range(PRODUCERS)]
        for producer in producers:
            producer.start()
        try:
            for number in range(ROTATIONS):
                self.rotate(number)
        finally:
            for producer in producers:
                producer.stopping.set()
            for producer in producers:
                producer.join()
        for producer in producers:
            self.assertIsNone(producer.error)
            self.assertGreater(producer.acked, 0)
        self.assertEqual(producers[0].connections, 1)
        acked = sum(producer.acked for producer in producers)
        with self.lab.client("viewer") as client:
            run = client.rig("r7").run("one")
            ledger = run.ledger
            times = run.series("board/T1").to_numpy()["time_unix_ns"].tolist()
        self.assertEqual(ledger.stored, acked * ROWS * CHANNELS)
        self.assertEqual((ledger.duplicate, ledger.rejected, ledger.queued), (0, {}, 0))
        self.assertEqual(len(set(times)), acked * ROWS)
        self.assertEqual(self.lab.stop(), 0)
        print(f"{ROTATIONS} rotations, {sum(p.connections for p in producers)} connections, {acked} batches "
              f"acknowledged and stored, {ledger.stored} samples", flush=True)


if __name__ == "__main__":
    unittest.main(verbosity=2)
