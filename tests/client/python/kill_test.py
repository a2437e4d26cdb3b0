"""The daemon is killed in the middle of a stream: nothing is lost and nothing is there twice."""

import threading
import time
import unittest

import numpy as np
import parallax
from daemon_process import DaemonProcess
from rigs import START_NS, STEP_NS, open_run
from waiting import wait_until

FAST = parallax.BackoffOptions(initial_s=0.02, maximum_s=0.2)


class KillTest(unittest.TestCase):
    def setUp(self):
        self.daemon = DaemonProcess()
        self.addCleanup(self.daemon.stop)
        self.client = parallax.Client(self.daemon.address)
        self.addCleanup(self.client.close)

    def restart(self):
        self.daemon.kill()
        self.daemon.start()

    def push_while_killing(self, run, times, values, kills):
        """Pushes a row a time while the daemon is killed; the finished stream's Account."""
        batch = 40
        pushing = threading.Event()

        def kill():
            pushing.wait()
            for _ in range(kills):
                time.sleep(0.15)
                self.restart()

        killer = threading.Thread(target=kill)
        killer.start()
        with run.stream(rows_per_batch=batch, backoff=FAST, seed=1) as stream:
            for i, time_ns in enumerate(times.tolist()):
                if i == 2 * batch:
                    pushing.set()
                stream.push(time_ns, {"T1": values[i, 0], "T2": values[i, 1]})
                if i % 100 == 0:
                    time.sleep(0.003)  # long enough a stream for all the kills
            killer.join()
        return stream.account

    def test_kills_lose_nothing_and_repeat_nothing(self):
        run = open_run(self.client, "killed")
        count, kills = 40_000, 6
        values = np.random.default_rng(3).normal(20.0, 1.0, (count, 2))
        values[::997, 0] = np.nan  # refused one by one, also in batches whose ack is lost
        times = START_NS + STEP_NS * np.arange(count)
        account = self.push_while_killing(run, times, values, kills)
        refused = int(np.isnan(values).sum())
        print(f"\n  {kills} kills, {account.connections} connections: {account.pushed} samples pushed, "
              f"{account.stored} stored, rejected {account.rejected}, wire {account.wire}")
        self.assertGreater(account.connections, 2)
        self.assertEqual((account.pushed, account.acked, account.waiting), (2 * count, 2 * count, 0))
        self.assertEqual(account.stored, 2 * count - refused)
        self.assertEqual(sum(account.rejected.values()), refused)
        self.assertLessEqual(set(account.rejected), {"NOT_FINITE", "UNHEARD"})
        for column, channel in enumerate(("T1", "T2")):
            array = run.series(channel).to_numpy()
            good = np.isfinite(values[:, column])
            # Not assertEqual: unittest would take minutes to show how long lists differ.
            self.assertTrue(np.array_equal(array["time_unix_ns"], times[good]))
            self.assertTrue(np.array_equal(array["value"].copy().view(np.uint64),
                                           values[good, column].copy().view(np.uint64)))
        self.assertEqual(len(run.streams), 1)

    def test_the_buffer_is_bounded_while_the_daemon_is_away(self):
        run = open_run(self.client, "bounded")
        batch, held = 10, 4
        with run.stream(rows_per_batch=batch, max_unacked=held, linger_s=0.05, backoff=FAST) as stream:
            stream.push(START_NS, {"T1": 0.0})
            stream.flush(timeout_s=30.0)
            self.daemon.kill()
            pushed = []

            def push():
                for i in range(1, 200):
                    stream.push(START_NS + i * STEP_NS, {"T1": float(i)})
                    pushed.append(i)

            pusher = threading.Thread(target=push)
            pusher.start()
            wait_until(lambda: len(pushed) >= batch * held - 1)
            time.sleep(0.5)
            self.assertLessEqual(stream.account.waiting, batch * (held + 1))
            with self.assertRaises(parallax.DeadlineExceeded):
                stream._writer.wait(timeout_s=0.05)
            self.daemon.start()
            pusher.join()
        self.assertEqual(stream.account.stored, 200)
        self.assertEqual(run.series("T1").to_numpy()["value"].tolist(), [float(i) for i in range(200)])

    def test_a_stream_gives_up_and_says_what_was_not_stored(self):
        run = open_run(self.client, "gives-up")
        with self.assertRaises(parallax.Unavailable):
            with run.stream(give_up_after_s=0.5, backoff=FAST) as stream:
                stream.push(START_NS, {"T1": 1.0})
                stream.flush(timeout_s=30.0)
                self.daemon.kill()
                stream.push(START_NS + 1, {"T1": 2.0})
                stream.flush(timeout_s=30.0)
        account = stream.account
        self.assertEqual((account.pushed, account.acked, account.waiting), (2, 1, 1))
        with self.assertRaises(parallax.FailedPrecondition):
            stream.push(START_NS + 2, {"T1": 3.0})
        self.daemon.start()

    def test_a_stream_that_idles_through_a_restart_goes_on(self):
        run = open_run(self.client, "idle")
        with run.stream(give_up_after_s=5.0, backoff=FAST) as stream:
            for i in range(3):
                stream.push(START_NS + i, {"T1": float(i)})
                stream.flush(timeout_s=30.0)
                self.restart()
        self.assertEqual((stream.account.stored, stream.account.rejected), (3, {}))

    def test_a_killed_script_that_runs_again_goes_on(self):
        run = open_run(self.client, "script")
        times, values = (START_NS + STEP_NS * np.arange(2000)).tolist(), np.arange(2000.0)
        stream = run.stream(producer_id="script", rows_per_batch=20, backoff=FAST)
        stream.__enter__()
        stream.push_block(times[:1010], {"T1": values[:1010]})
        wait_until(lambda: stream.account.acked >= 500)
        stream._writer.abandon()  # as if the process were gone: nothing more is sent
        self.restart()
        with run.stream(producer_id="script", rows_per_batch=20, backoff=FAST) as again:
            again.push_block(times, {"T1": values})
        self.assertGreaterEqual(again.account.skipped, 500)
        self.assertEqual(again.account.stored, 2000)
        self.assertEqual(run.series("T1").to_numpy()["value"].tolist(), values.tolist())
