#!/usr/bin/python3
"""The fault table against the real daemon: one test a row, each prints its counts.

After every fault the oracle of producer.py must hold: what was acked is stored, every batch once, with the bits that
were sent. Rows that need a whole machine, power that is lost or a disk that tears, are in tests/core/store/power_*.
PARALLAX_BIN is the folder of parallaxd, PARALLAX_STORE_FILL the program that fills a store; PARALLAX_KILLS (8) and
PARALLAX_FLIPS (6) say how often is killed and flipped, PARALLAX_GIGABYTES (0.1) how much the store holds that must
recover within PARALLAX_RECOVERY_S (1).
"""

import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "client" / "python")]

import grpc
import parallax
from daemon_process import BIN, DaemonProcess
from link import Link
from parallax.v1 import (ingest_pb2, ingest_pb2_grpc, operations_pb2, operations_pb2_grpc, query_pb2,
                         query_pb2_grpc, watch_pb2)
from producer import make_producers
from rigs import START_NS, STEP_NS

KILLS = int(os.environ.get("PARALLAX_KILLS", "8"))
FLIPS = int(os.environ.get("PARALLAX_FLIPS", "6"))
GIGABYTES = float(os.environ.get("PARALLAX_GIGABYTES", "0.1"))
RECOVERY_S = float(os.environ.get("PARALLAX_RECOVERY_S", "1.0"))
PAGE_BYTES = 8192


class FaultTest(unittest.TestCase):
    CONFIG = ""

    def setUp(self):
        self.daemon = DaemonProcess(self.CONFIG)
        self.addCleanup(self.daemon.stop)

    def producers(self, count=1, **options):
        with parallax.Client(self.daemon.address) as client:
            return make_producers(client, "board", count, **options)


class KillTest(FaultTest):
    """kill -9 anywhere."""

    def push_while_killing(self, producers, end, kills):
        """Kills at random moments while all push; seconds from each start to the first ack after it."""
        stop = threading.Event()
        ends = [end]

        def push(producer):
            while not stop.is_set():
                producer.push_all(self.daemon.address, ends[0])
                ends[0] = max(ends[0], producer.acked + 200)

        threads = [threading.Thread(target=push, args=(producer,)) for producer in producers]
        for thread in threads:
            thread.start()
        chance = random.Random(1)
        recoveries = []
        for _ in range(kills):
            self.wait_for_ack(producers)
            time.sleep(chance.uniform(0.0, 0.15))
            self.daemon.kill()
            begin = time.monotonic()
            self.daemon.start()
            self.wait_for_ack(producers)
            recoveries.append(time.monotonic() - begin)
        stop.set()
        for thread in threads:
            thread.join()
        return recoveries

    def wait_for_ack(self, producers):
        before = [producer.acked for producer in producers]
        give_up_at = time.monotonic() + 60
        while all(p.acked == b for p, b in zip(producers, before)):
            self.assertLess(time.monotonic(), give_up_at, self.daemon.log.read_text()[-2000:])
            time.sleep(0.001)

    def test_kills_lose_and_double_nothing(self):
        producers = self.producers(3)
        recoveries = self.push_while_killing(producers, 400, KILLS)
        stored = sum(producer.verify(self.daemon.address, exactly=producer.acked) for producer in producers)
        print(f"\n  {KILLS} kills: {stored} batches of {len(producers)} producers acked, stored once, bits equal; "
              f"start to first ack {sorted(recoveries)[len(recoveries) // 2]:.2f} s median, {max(recoveries):.2f} s worst")


class RecoveryTest(FaultTest):
    """First ack within a second of a start after kill -9, whatever is stored."""

    def test_a_large_store_recovers_at_once(self):
        self.daemon.stop_process()
        subprocess.run([os.environ["PARALLAX_STORE_FILL"], self.daemon.data, str(GIGABYTES)], check=True)
        stored = sum(file.stat().st_size for file in self.daemon.data.iterdir())
        self.assertGreater(stored, 0.95e9 * GIGABYTES)
        self.daemon.start()
        [producer] = self.producers(rows=500)
        recoveries = []
        for _ in range(5):
            pusher = threading.Thread(target=producer.push, args=(self.daemon.address, producer.acked + 10**6))
            pusher.start()
            before = producer.acked
            while producer.acked < before + 100:
                time.sleep(0.001)
            self.daemon.kill()
            pusher.join()
            before = producer.acked
            begin = time.monotonic()
            self.daemon.start()
            producer.push_all(self.daemon.address, before + 1)
            recoveries.append(time.monotonic() - begin)
        producer.verify(self.daemon.address)
        print(f"\n  {stored / 1e9:.1f} GB stored, 5 kills under load: start to first ack "
              f"{sorted(recoveries)[2]:.2f} s median, {max(recoveries):.2f} s worst")
        self.assertLess(max(recoveries), RECOVERY_S)


class SyncErrorTest(FaultTest):
    """fdatasync fails: no ack, store closed, process exits, recovery on restart, never a retry."""

    @classmethod
    def setUpClass(cls):
        # The leak detector cannot run beside strace.
        os.environ["LSAN_OPTIONS"] = os.environ.get("LSAN_OPTIONS", "") + ":detect_leaks=0"

    def test_a_failed_sync_ends_the_daemon_and_nothing_acked_is_lost(self):
        [producer] = self.producers()
        failed = 0
        for nth in (8, 15, 31):
            self.daemon.stop_process()
            trace = self.daemon.folder / "trace"
            self.daemon.start(["strace", "-f", "-qq", "-o", trace, "-e", "trace=fdatasync", "-e",
                               f"inject=fdatasync:error=EIO:when={nth}+"])
            code = producer.push(self.daemon.address, producer.acked + 5_000)
            self.assertIs(code, grpc.StatusCode.UNAVAILABLE)
            self.assertEqual(self.daemon.wait(60), 1)
            injected = trace.read_text().count("(INJECTED)")
            self.assertGreaterEqual(injected, 1)
            self.assertLessEqual(injected, 2, "one that failed, and at most the last checkpoint's: never a retry")
            failed += injected
            self.daemon.start()
            producer.verify(self.daemon.address)
        self.assertIn("restart to recover", self.daemon.log.read_text())
        producer.push_all(self.daemon.address, producer.acked + 20)
        stored = producer.verify(self.daemon.address, exactly=producer.acked)
        print(f"\n  {failed} failed syncs ended 3 daemons with exit 1; {stored} batches stored once, bits equal")


class FullDiskTest(unittest.TestCase):
    """A disk of 8 MB fills up: RESOURCE_EXHAUSTED, reads go on, ingest resumes by itself."""

    def setUp(self):
        self.daemon = DaemonProcess()
        self.addCleanup(self.daemon.stop)
        self.daemon.stop_process()
        self.daemon.data.mkdir(exist_ok=True)
        for file in self.daemon.data.iterdir():
            file.unlink()
        # In a mount namespace of its own: nothing is left of it when the daemon is gone.
        own = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
        script = 'mount -t tmpfs -o size=8m tmpfs "$0" && exec "$@"'
        self.daemon.start([*own, "sh", "-c", script, self.daemon.data])
        self.disk = pathlib.Path(f"/proc/{self.daemon.pid}/root{self.daemon.data}")

    def refusal_of_a_backup(self):
        with grpc.insecure_channel(self.daemon.address) as channel:
            with self.assertRaises(grpc.RpcError) as refused:
                list(operations_pb2_grpc.OperationsServiceStub(channel).Backup(operations_pb2.BackupRequest()))
        self.assertIs(refused.exception.code(), grpc.StatusCode.RESOURCE_EXHAUSTED)
        return refused.exception.details()

    def test_ingest_waits_for_room_and_reads_go_on(self):
        with parallax.Client(self.daemon.address) as client:
            [producer] = make_producers(client, "board", 1, rows=500)
        producer.push_all(self.daemon.address, 20)
        ballast = self.disk / "ballast"
        with open(ballast, "wb") as file:
            try:
                while True:
                    file.write(bytes(65536))
            except OSError:
                pass
        refused = 0
        for _ in range(5):
            code = producer.push(self.daemon.address, producer.acked + 400)
            self.assertIs(code, grpc.StatusCode.RESOURCE_EXHAUSTED)
            refused += 1
            producer.verify(self.daemon.address)
        self.assertIn("free space for a copy", self.refusal_of_a_backup())
        ballast.unlink()
        producer.push_all(self.daemon.address, producer.acked + 100)
        stored = producer.verify(self.daemon.address, exactly=producer.acked)
        self.assertEqual(self.daemon.stop_process(), 0)
        print(f"\n  {refused} streams refused on a full disk, all read meanwhile; {stored} batches stored once, bits equal")


class FlippedBitTest(FaultTest):
    """A flipped bit in the database is detected and named, or changes nothing; the producer sends again what is lost."""

    def test_flips_are_named(self):
        [producer] = self.producers(rows=200)
        producer.push_all(self.daemon.address, 60)
        self.assertEqual(self.daemon.stop_process(), 0)
        database = self.daemon.data / "parallax.db"
        sound = database.read_bytes()
        chance = random.Random(2)
        told = harmless = 0
        for _ in range(FLIPS):
            at = chance.randrange(PAGE_BYTES, len(sound))
            damaged = bytearray(sound)
            damaged[at] ^= 1 << chance.randrange(8)
            database.write_bytes(damaged)
            page = f"page {at // PAGE_BYTES + 1} of {database} does not match its checksum"
            check = subprocess.run([BIN / "parallaxd", "check", self.daemon.data], capture_output=True, text=True)
            if check.returncode == 7:
                self.assertIn(page, check.stdout)
                told += 1
            elif check.returncode == 1:
                self.assertIn(page, check.stderr)
                told += 1
            else:
                self.assertEqual(check.returncode, 0, check.stdout + check.stderr)
                harmless += 1
                self.verify_from_a_start(producer)
        self.assertGreater(told, 0)
        database.write_bytes(sound)
        check = subprocess.run([BIN / "parallaxd", "check", self.daemon.data], capture_output=True, text=True)
        self.assertEqual(check.returncode, 0, check.stdout)
        self.daemon.start()
        producer.verify(self.daemon.address, exactly=60)
        print(f"\n  {FLIPS} flipped bits: {told} named with their page, {harmless} in pages that hold nothing")

    def verify_from_a_start(self, producer):
        self.daemon.start()
        producer.verify(self.daemon.address, exactly=60)
        self.daemon.stop_process()


class HalfOpenTest(FaultTest):
    """A cut cable: the stream expires within the configured time, and the producer resumes without a gap."""
    CONFIG = "[ingest]\nidle_timeout_s = 2.0\n"

    def test_a_cut_link_expires(self):
        [producer] = self.producers()
        link = Link(self.daemon.address)
        self.addCleanup(link.close)
        cut = threading.Thread(target=producer.push, args=(link.address, 10**6, 20.0))
        cut.start()
        while producer.acked < 20:
            time.sleep(0.001)
        self.assertEqual(self.open_streams(), 1)
        link.freeze()
        begin = time.monotonic()
        while self.open_streams() > 0:
            self.assertLess(time.monotonic() - begin, 10.0, "it did not expire")
            time.sleep(0.02)
        expired_s = time.monotonic() - begin
        self.assertGreater(expired_s, 1.0)
        self.assertLess(expired_s, 6.0)
        cut.join()
        producer.push_all(self.daemon.address, producer.acked + 50)
        stored = producer.verify(self.daemon.address, exactly=producer.acked)
        print(f"\n  cut link expired after {expired_s:.1f} s of idle_timeout_s = 2; {stored} batches stored once, bits equal")

    def open_streams(self):
        with urllib.request.urlopen(f"http://{self.daemon.http_address}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("parallax_ingest_open_streams"))


class BadLinkTest(FaultTest):
    """A link that delays and resets, by seed: the same bytes in the end."""

    def test_delays_and_resets_change_nothing(self):
        producers = self.producers(4)
        resets = delays = connections = stored = 0
        for producer in producers:
            link = Link(self.daemon.address, seed=producer.seed, delay_s=0.01, reset_after_bytes=30_000)
            producer.push_all(link.address, 300)
            link.close()
            resets, delays = resets + link.resets, delays + link.delays
            connections += producer.connections
            stored += producer.verify(self.daemon.address, exactly=300)
        self.assertGreater(resets, 4)
        self.assertGreater(delays, 4)
        print(f"\n  {resets} resets and {delays} delays over {connections} connections: {stored} batches stored once, bits equal")


class StalledWatcherTest(FaultTest):
    """A watcher that reads nothing holds nobody up, and learns how much it missed."""

    def test_it_learns_what_it_missed(self):
        [producer] = self.producers(rows=100)
        with grpc.insecure_channel(self.daemon.address) as channel:
            watching = query_pb2_grpc.QueryServiceStub(channel).Watch(
                watch_pb2.WatchRequest(names=[producer.run], detail=watch_pb2.WATCH_DETAIL_POINTS), timeout=120)
            first = next(watching)
            begin = time.monotonic()
            producer.push_all(self.daemon.address, 1500)
            pushed_s = time.monotonic() - begin
            stored = producer.verify(self.daemon.address, exactly=1500)
            missed = 0
            self.assertTrue(first.ByteSize())
            for response in watching:
                missed += response.gap.coalesced if response.HasField("gap") else 0
                if missed:
                    break
            watching.cancel()
        self.assertGreater(missed, 0)
        print(f"\n  {stored} batches acked in {pushed_s:.1f} s beside a watcher that stood still; it was told of {missed} missed")


class GarbageTest(FaultTest):
    """Random bytes and valid frames with absurd content: a typed error, nothing crashes, nothing is half-stored."""

    def test_random_bytes_on_both_ports(self):
        chance = random.Random(3)
        prefixes = [b"", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST /parallax.v1.IngestService/Stream HTTP/1.1\r\n",
                    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999999999999\r\n\r\n"]
        sent = 0
        for i in range(200):
            host, port = (self.daemon.address if i % 2 else self.daemon.http_address).rsplit(":", 1)
            with socket.create_connection((host, int(port)), timeout=30) as end:
                try:
                    end.sendall(prefixes[i // 2 % len(prefixes)] + chance.randbytes(chance.randrange(1, 4096)))
                    sent += 1
                except OSError:
                    pass  # refused before all was sent
        [producer] = self.producers()
        producer.push_all(self.daemon.address, 10)
        producer.verify(self.daemon.address, exactly=10)
        print(f"\n  {sent} blobs of random bytes on both ports; the daemon goes on")

    def test_absurd_content_is_refused_by_type(self):
        [producer] = self.producers()

        def batch(**column):
            column = {"channel_index": 0, "first_time_unix_ns": 0, "period_ns": 1, "value": [1.0], **column}
            return ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(
                seq=0, columns=[ingest_pb2.ChannelSamples(**column)]))

        many = ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(seq=0, columns=[
            ingest_pb2.ChannelSamples(channel_index=i) for i in range(10**6)]))
        absurd = {
            "a channel that is not there": batch(channel_index=4),
            "times beyond the calendar": batch(first_time_unix_ns=2**62, period_ns=2**62, value=[1.0] * 4),
            "quality of another length": batch(quality=b"\x00" * 7),
            "10^6 columns": many,
            "no message": ingest_pb2.StreamRequest(),
            "a second hello": producer.hello(),
            "a sequence from the end": ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(seq=2**64 - 1)),
        }
        typed = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.FAILED_PRECONDITION,
                 grpc.StatusCode.RESOURCE_EXHAUSTED}
        for name, request in absurd.items():
            with self.subTest(name):
                self.assertIn(self.end_of(producer, request), typed)
        # Nothing of them is stored; samples that are no numbers, or no temperatures, are refused or marked alone.
        self.assertEqual(producer.verify(self.daemon.address), 0)
        odd = ingest_pb2.StreamRequest(batch=ingest_pb2.SampleBatch(seq=0, columns=[
            ingest_pb2.ChannelSamples(channel_index=2, first_time_unix_ns=START_NS, period_ns=STEP_NS,
                                      value=[float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 20.0]),
            ingest_pb2.ChannelSamples(channel_index=3, first_time_unix_ns=0, period_ns=-1, value=[20.0, 21.0])]))
        self.assertIs(self.end_of(producer, odd), grpc.StatusCode.OK)
        with grpc.insecure_channel(self.daemon.address) as channel:
            run = query_pb2_grpc.QueryServiceStub(channel).GetRun(query_pb2.GetRunRequest(name=producer.run)).run
        rejected = {reason: run.ledger.rejected[reason] for reason in ("NOT_FINITE", "TIME_OUT_OF_RANGE")}
        self.assertEqual((run.ledger.stored, rejected), (3, {"NOT_FINITE": 3, "TIME_OUT_OF_RANGE": 2}))
        print(f"\n  {len(absurd)} absurd messages refused by type, 5 of 8 odd samples refused alone")

    def end_of(self, producer, request):
        """How a stream ends that says hello and then `request`."""
        with grpc.insecure_channel(self.daemon.address) as channel:
            responses = ingest_pb2_grpc.IngestServiceStub(channel).Stream(
                iter([producer.hello(), request]), timeout=60)
            try:
                for _ in responses:
                    pass
                return grpc.StatusCode.OK
            except grpc.RpcError as error:
                return error.code()


if __name__ == "__main__":
    unittest.main(verbosity=2)
