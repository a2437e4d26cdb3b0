#!/usr/bin/python3
"""Everything that overloads a daemon at once: memory stays within what its configuration bounds, and nothing is lost.

PARALLAX_OVERLOAD_S (20) seconds: floods of small and of large messages whose senders read nothing, a slow rig, 1,000
idle connections, readers and watchers that never read, HTTP bodies that never come. Meanwhile a well-behaved rig
streams: every batch of it must be acknowledged and stored once, with the bits that were sent. Resident memory is
judged unless PARALLAX_SANITIZED is set, for then it says nothing. PARALLAX_BIN is the folder of parallaxd.
"""

import os
import pathlib
import subprocess
import sys
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "faults"), str(HERE.parents[1] / "client" / "python")]

import grpc
import parallax
from actors import Flood, Gauges, NeverReads, SlowBodies, SlowRig, await_true, idle_connections, resident_bytes
from daemon_process import BIN, DaemonProcess
from parallax.v1 import query_pb2, query_pb2_grpc
from producer import make_producers

SECONDS = float(os.environ.get("PARALLAX_OVERLOAD_S", "20"))
JUDGES_MEMORY = "PARALLAX_SANITIZED" not in os.environ
MIB = 1 << 20
INGEST, INGEST_CALLER = 16 * MIB, 8 * MIB
CALLS, CALLS_CALLER = 16 * MIB, 8 * MIB
TRANSPORT = 64 * MIB
IDLE = 1000
LARGE_STREAMS, LARGE_ROWS = 32, 8192  # 256 KiB a message
SMALL_STREAMS = 8
WATCHERS = 2

# A batch on its way to disk is held as samples and encoded, and at most three times the bound is ever held
# (server/read_budget.h); a watcher has 4 MiB of events, of which as much is in gRPC; a connection costs what it costs.
CONNECTION = 64 << 10
ALLOWED = 3 * 2 * INGEST + CALLS + TRANSPORT + WATCHERS * 8 * MIB + IDLE * CONNECTION + 32 * MIB


class OverloadTest(unittest.TestCase):
    def setUp(self):
        self.daemon = DaemonProcess()
        self.addCleanup(self.daemon.stop)
        self.daemon.stop_process()
        config = self.daemon.folder / "parallaxd.toml"
        config.write_text(
            f"[server]\nmax_call_bytes = {CALLS}\nmax_call_bytes_per_caller = {CALLS_CALLER}\n"
            f"max_transport_bytes = {TRANSPORT}\n[ingest]\nmax_bytes = {INGEST}\n"
            f"max_bytes_per_caller = {INGEST_CALLER}\n[access]\ntoken_file = \"{self.daemon.folder}/tokens.json\"\n")
        self.tokens = {name: self.make_token(name) for name in ("good", "slow", "large", "small", "reader", "page")}
        self.daemon.start()

    def make_token(self, name):
        out = self.daemon.folder / f"{name}.token"
        subprocess.run([BIN / "parallaxd", "token", "create", self.daemon.folder / "tokens.json", "--label", name,
                        "--role", "operator", "--out", out], check=True, stdout=subprocess.DEVNULL)
        return out.read_text().strip()

    def bearer(self, name):
        return (("authorization", "Bearer " + self.tokens[name]),)

    def make_runs(self):
        """A producer of each of the rigs: good, slow, and two for the floods."""
        producers = []
        for name in ("good", "slow", "large", "small"):
            with parallax.Client(self.daemon.address, token_file=self.daemon.folder / f"{name}.token") as client:
                producers += make_producers(client, name, 1, metadata=self.bearer(name))
        return producers

    def floods(self, like, name, streams, rows):
        return [Flood(self.daemon.address, self.bearer(name), like.run, like.schema_hash, f"{name}-{i}", rows)
                for i in range(streams)]

    def ledger(self, run):
        with grpc.insecure_channel(self.daemon.address) as channel:
            answer = query_pb2_grpc.QueryServiceStub(channel).GetRun(
                query_pb2.GetRunRequest(name=run), metadata=self.bearer("good"), timeout=60, wait_for_ready=True)
        return answer.run.ledger

    def push_for(self, producer, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            producer.push_all(self.daemon.address, producer.acked + 50)

    def test_memory_stays_bounded_and_nothing_is_lost(self):
        good, slow, large, small = self.make_runs()
        good.push_all(self.daemon.address, 20)  # something to read
        authorization = "Bearer " + self.tokens["good"]
        gauges = Gauges(self.daemon, authorization, ("parallax_ingest_waiting_bytes", "parallax_call_bytes"))
        before = resident_bytes(self.daemon.pid)
        idle = idle_connections(self.daemon.address, IDLE)
        actors = [SlowRig(self.daemon.address, slow, 0.2),
                  NeverReads(self.daemon.address, self.bearer("reader"), good.run, 64),
                  *self.floods(large, "large", LARGE_STREAMS, LARGE_ROWS),
                  *self.floods(small, "small", SMALL_STREAMS, 1)]
        for thread in (gauges, *actors):
            thread.start()
        bodies = SlowBodies(self.daemon.http_address, "Bearer " + self.tokens["page"], 8)
        pushing = threading.Thread(target=self.push_for, args=(good, SECONDS))
        pushing.start()
        pushing.join()
        refused_bodies = bodies.refused()
        metrics = gauges.read()
        for actor in actors:
            actor.stop()
        gauges.stop()
        bodies.close()
        for connection in idle:
            connection.close()

        self.judge(before, gauges, metrics, refused_bodies)
        stored = good.verify(self.daemon.address, exactly=good.acked)
        stored_slow = slow.verify(self.daemon.address, exactly=slow.acked)
        ended = ("parallax_ingest_open_streams", "parallax_ingest_waiting_bytes", "parallax_ingest_queued_samples")
        await_true("the end of all streams", lambda: not any(map(gauges.read().get, ended)))
        for producer in (good, slow, large, small):
            ledger = self.ledger(producer.run)
            self.assertEqual(ledger.received, ledger.stored + ledger.duplicate + sum(ledger.rejected.values()))
            self.assertEqual((dict(ledger.rejected), ledger.queued), ({}, 0), producer.run)
        after = gauges.read()
        self.assertEqual(after["parallax_ingest_held_back_streams"], 0)
        floods = [actor for actor in actors if isinstance(actor, Flood)]
        print(f"\n  {SECONDS:.0f} s: {stored} batches of a well-behaved rig and {stored_slow} of a slow one stored; "
              f"{sum(f.sent for f in floods)} messages of floods; resident {before / MIB:.0f} MiB before, at most "
              f"{max(gauges.resident) / MIB:.0f}, allowed {(before + ALLOWED) / MIB:.0f}; waiting at most "
              f"{gauges.largest['parallax_ingest_waiting_bytes'] / MIB:.1f} MiB; held back "
              f"{metrics['parallax_ingest_held_back_total']:.0f} times", flush=True)
        self.assertEqual(self.daemon.stop_process(), 0)

    def judge(self, before, gauges, metrics, refused_bodies):
        self.assertGreater(metrics["parallax_ingest_held_back_total"], 0, "nothing was overloaded")
        # The floods are one caller each.
        self.assertLessEqual(gauges.largest["parallax_ingest_waiting_bytes"], 3 * INGEST)
        self.assertLessEqual(gauges.largest["parallax_call_bytes"], CALLS + 4 * MIB)
        self.assertGreater(refused_bodies, 0)
        self.assertGreater(metrics['parallax_refused_total{reason="call bytes of a caller"}'], 0)
        if JUDGES_MEMORY:
            self.assertLess(max(gauges.resident), before + ALLOWED)


if __name__ == "__main__":
    unittest.main(verbosity=2)
