"""Pushing samples: what is refused and why, what is held, what an earlier life had stored."""

import threading

import numpy as np
import parallax
from daemon_process import DaemonTest
from rigs import TCLAB, START_NS, STEP_NS, open_run, producer_of, push_campaign, read_recording
from waiting import wait_until

EARLY_NS = 0  # before 1980


def rows(count, first=0):
    """(times, columns) of `count` rows; row i is the same whatever else is asked for."""
    index = np.arange(first, first + count)
    return START_NS + STEP_NS * index, {"T1": 20.0 + 0.001 * index, "T2": np.sin(0.1 * index)}


class StreamTest(DaemonTest):
    def test_refused_samples_are_counted_by_reason(self):
        run = open_run(self.client, "refused")
        with run.stream(rows_per_batch=10) as stream:
            for i in range(100):
                value = float("nan") if i % 10 == 3 else float("inf") if i % 10 == 7 else 20.0
                stream.push(START_NS + i * STEP_NS, {"T1": value, "T2": 1.0})
            stream.push(EARLY_NS, {"T1": 20.0})
        account = stream.account
        self.assertEqual(account.pushed, 201)
        self.assertEqual(account.rejected, {"NOT_FINITE": 20, "TIME_OUT_OF_RANGE": 1})
        self.assertEqual(account.stored, 180)
        self.assertEqual((account.waiting, account.acked, account.batches), (0, 201, 11))
        self.assertEqual(len(account.examples), 8)
        self.assertIn("board/T1", account.examples[0].field)
        self.assertIn("NOT_FINITE", account.examples[0].bound)
        ledger = run.refresh().ledger
        self.assertEqual((ledger.stored, ledger.rejected), (180, account.rejected))

    def test_a_row_may_leave_channels_out(self):
        run = open_run(self.client, "sparse")
        with run.stream() as stream:
            stream.push(START_NS, {"T1": 1.0, "T2": None})
            stream.push(START_NS + 5, {"T2": 2.0})
            stream.push(START_NS + 9, {})
        self.assertEqual(stream.account.stored, 2)
        self.assertEqual(run.series("T2").to_numpy()["time_unix_ns"].tolist(), [START_NS + 5])

    def test_a_slow_rig_is_stored_without_a_flush(self):
        run = open_run(self.client, "slow")
        with run.stream(linger_s=0.05) as stream:
            stream.push(START_NS, {"T1": 1.0})
            wait_until(lambda: stream.account.acked == 1)
            stream.push(START_NS + STEP_NS, {"T1": 2.0})
            stream.flush(timeout_s=30.0)
            self.assertEqual(stream.account.acked, 2)
        self.assertEqual(stream.account.connections, 1)

    def test_an_error_in_the_block_loses_nothing(self):
        run = open_run(self.client, "block-error")
        with self.assertRaises(ZeroDivisionError):
            with run.stream() as stream:
                stream.push(START_NS, {"T1": 1.0})
                stream.push(START_NS + 1, {"T1": 1.0 / 0.0})
        self.assertEqual((stream.account.pushed, stream.account.stored), (1, 1))

    def test_two_streams_of_one_script_are_two_producers(self):
        run = open_run(self.client, "two")
        with run.stream() as first, run.stream() as second:
            first.push(START_NS, {"T1": 1.0})
            second.push(START_NS, {"T2": 1.0})
        self.assertEqual(len({one.producer_id for one in run.streams}), 2)
        self.assertEqual(len(run.series("T2").to_numpy()), 1)

    def test_threads_may_share_a_stream(self):
        run = open_run(self.client, "threads")
        with run.stream(rows_per_batch=7) as stream:
            def push(channel):
                for i in range(500):
                    stream.push(START_NS + i * STEP_NS, {channel: float(i)})
            threads = [threading.Thread(target=push, args=(channel,)) for channel in ("T1", "T2", "Q1")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(stream.account.stored, 1500)
        self.assertEqual(run.series("Q1").to_numpy()["value"].tolist(), list(map(float, range(500))))


class NamedProducerTest(DaemonTest):
    def push(self, run, count, **options):
        with run.stream(producer_id="me", rows_per_batch=50, **options) as stream:
            stream.push_block(*rows(count))
        return stream.account

    def test_a_replay_goes_on_where_it_stopped(self):
        run = open_run(self.client, "resume")
        self.assertEqual(self.push(run, 400).skipped, 0)
        account = self.push(run, 1000)
        self.assertEqual((account.pushed, account.skipped, account.stored), (2000, 700, 2000))
        account = self.push(run, 1000)
        self.assertEqual((account.skipped, account.wire.duplicate, account.stored), (1900, 100, 2000))
        self.assertEqual(run.series("T1").to_numpy()["value"].tolist(), rows(1000)[1]["T1"].tolist())

    def test_a_replay_that_ended_in_a_short_batch_is_not_continued_with_a_loss(self):
        run = open_run(self.client, "short-tail")
        self.push(run, 130)  # batches of 50, 50 and 30 rows
        with self.assertRaises(parallax.DataLoss) as raised:
            self.push(run, 200)
        self.assertEqual((raised.exception.field, raised.exception.value), ("batch.seq", "2"))
        self.assertEqual(self.push(run, 130).stored, 260)

    def test_a_shorter_replay_knows_that_more_is_stored(self):
        run = open_run(self.client, "shorter")
        self.push(run, 400)
        account = self.push(run, 200)
        self.assertEqual((account.skipped, account.acked, account.stored), (400, 400, None))

    def test_resent_batches_are_compared(self):
        run = open_run(self.client, "resend")
        self.push(run, 400)
        account = self.push(run, 400, on_stored=parallax.OnStored.RESEND)
        self.assertEqual((account.wire.duplicate, account.stored, account.rejected), (800, 800, {}))
        with self.assertRaises(parallax.DataLoss):
            with run.stream(producer_id="me", rows_per_batch=50,
                            on_stored=parallax.OnStored.RESEND) as stream:
                times, columns = rows(400)
                columns["T1"][77] += 1e-9
                stream.push_block(times, columns)
        self.assertEqual(len(run.series("T1").to_numpy()), 400)

    def test_a_new_epoch_begins_anew(self):
        run = open_run(self.client, "epoch")
        self.push(run, 100)
        account = self.push(run, 150, epoch=1)
        self.assertEqual((account.skipped, account.stored), (0, 300))

    def test_a_flush_would_cut_a_batch_short(self):
        run = open_run(self.client, "flush")
        with run.stream(producer_id="me", rows_per_batch=50) as stream:
            stream.push_block(*rows(50))
            stream.flush(timeout_s=30.0)
            self.assertEqual(stream.account.acked, 100)
            stream.push_block(*rows(10, first=50))
            with self.assertRaises(parallax.FailedPrecondition):
                stream.flush()

    def test_a_second_stream_of_a_producer_takes_over(self):
        run = open_run(self.client, "takeover")
        first = run.stream(producer_id="me", rows_per_batch=50)
        first.__enter__()
        first.push_block(*rows(100))
        first.flush(timeout_s=30.0)
        self.assertEqual(self.push(run, 200).skipped, 100)
        with self.assertRaises(parallax.Aborted):
            first.push_block(*rows(100, first=100))
            first.__exit__(None, None, None)
        self.assertEqual(run.refresh().ledger.stored, 400)

    def test_the_cli_finds_the_same_batches(self):
        push_campaign(self.client, "tclab-byu")
        replayed = self.daemon.cli("campaign", "replay", TCLAB, "--resend")
        samples = sum(4 * len(read_recording(run)[0]) for run in ("energy-balance-1s", "mimo-3s"))
        ledger = replayed["ledger"]
        self.assertEqual((int(ledger["duplicate"]), int(ledger["stored"])), (samples, samples))
        for run in self.client.rig("tclab-byu").runs():
            self.assertEqual([stream.producer_id for stream in run.streams], [producer_of(run.id)])
