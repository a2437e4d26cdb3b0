"""The stream against a daemon that misbehaves as told."""

import threading
import time
import unittest
from unittest import mock

import grpc
import parallax
from parallax.v1 import error_pb2
from scripted_daemon import ScriptedDaemon, ack, take_all, welcome
from waiting import wait_until

FAST = parallax.BackoffOptions(initial_s=0.01, maximum_s=0.05)


def push(client, rows, **options):
    """Pushes rows one a batch under a producer's name; the finished stream."""
    with client.stream_run("r", "1", producer_id="me", rows_per_batch=1, backoff=FAST, **options) as stream:
        for i in range(rows):
            stream.push(i, {"T": float(i)})
    return stream


class StreamWriterTest(unittest.TestCase):
    def test_a_lost_ack_is_not_sent_again_and_its_refusals_are_unheard(self):
        def lose_acks(batches, context):
            yield welcome()
            for batch in batches:
                if batch.seq == 2:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "cable cut")
        daemon = ScriptedDaemon(lose_acks, lambda *call: take_all(*call, resume=3), stored=(5, 4))
        with daemon.serve() as client:
            account = push(client, 5).account
        self.assertEqual(daemon.seen[1], [3, 4])
        self.assertEqual((account.pushed, account.acked, account.stored, account.waiting), (5, 5, 4, 0))
        self.assertEqual((account.rejected, account.skipped, account.connections), ({"UNHEARD": 1}, 0, 2))

    def test_no_more_than_the_credit_is_sent_ahead(self):
        arrived = []

        def stingy(batches, context):
            yield welcome(credit=3)
            threading.Thread(target=lambda: list(batches), daemon=True).start()
            for seq in range(9):
                wait_until(lambda: len(daemon.seen[0]) >= min(seq + 3, 9))
                time.sleep(0.03)  # for one too many to arrive
                arrived.append(len(daemon.seen[0]))
                yield ack(seq)
        daemon = ScriptedDaemon(stingy, stored=(9, 9))
        with daemon.serve() as client:
            push(client, 9)
        self.assertEqual(arrived, [3, 4, 5, 6, 7, 8, 9, 9, 9])
        self.assertEqual(daemon.seen, [list(range(9))])

    def test_a_stalled_link_is_given_up_for_another(self):
        def mute(batches, context):
            yield welcome()
            while context.is_active():
                time.sleep(0.01)
        daemon = ScriptedDaemon(mute, take_all, stored=(3, 3))
        with daemon.serve() as client:
            begin = time.monotonic()
            account = push(client, 3, stall_timeout_s=0.3).account
            self.assertGreater(time.monotonic() - begin, 0.3)
        self.assertEqual((account.acked, account.connections, daemon.seen[1]), (3, 2, [0, 1, 2]))

    def test_a_daemon_that_forgot_what_it_acked_is_data_loss(self):
        def ack_and_end(batches, context):
            yield welcome()
            for batch in batches:
                yield ack(batch.seq)
                if batch.seq == 2:
                    context.abort(grpc.StatusCode.UNAVAILABLE, "restart")
        daemon = ScriptedDaemon(ack_and_end, lambda *call: take_all(*call, resume=1))
        with daemon.serve() as client, self.assertRaisesRegex(parallax.DataLoss, "asks for batch 1"):
            push(client, 9)

    def test_a_daemon_that_holds_less_than_it_acked_is_data_loss(self):
        with ScriptedDaemon(take_all, stored=(2, 2)).serve() as client:
            with self.assertRaisesRegex(parallax.DataLoss, "holds 2 batches"):
                push(client, 3)

    def test_a_daemon_that_ends_every_stream_is_given_up(self):
        def end(batches, context):
            yield welcome()
        daemon = ScriptedDaemon(end)
        with daemon.serve() as client:
            with self.assertRaisesRegex(parallax.Unavailable, "keeps ending"):
                push(client, 3, give_up_after_s=2.0)  # time for four tries on a busy machine, too
        self.assertGreater(len(daemon.seen), 3)

    def test_what_will_not_pass_is_not_tried_again(self):
        def refuse(batches, context):
            detail = error_pb2.ErrorDetail(field="batch.columns[0]", value="7", bound="< 1", next_step="go")
            status = error_pb2.Status(code=3, message="no")
            status.details.add().Pack(detail)
            context.set_trailing_metadata([("grpc-status-details-bin", status.SerializeToString())])
            yield welcome()
            next(batches)
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "no")
        daemon = ScriptedDaemon(refuse)
        with daemon.serve() as client, self.assertRaises(parallax.InvalidArgument) as raised:
            push(client, 3)
        error = raised.exception
        self.assertEqual((error.field, error.value, error.bound, error.next_step),
                         ("batch.columns[0]", "7", "< 1", "go"))
        self.assertEqual(str(error), "INVALID_ARGUMENT: no; go")
        self.assertEqual(len(daemon.seen), 1)

    def test_details_that_are_no_details_do_not_hide_the_error(self):
        def refuse(batches, context):
            context.set_trailing_metadata([("grpc-status-details-bin", b"\xff\xff\xff")])
            context.abort(grpc.StatusCode.NOT_FOUND, "no such run")
            yield
        with ScriptedDaemon(refuse).serve() as client:
            with self.assertRaisesRegex(parallax.NotFound, "no such run"):
                push(client, 1)

    def test_an_interrupt_while_the_buffer_is_full_loses_nothing(self):
        daemon = ScriptedDaemon(take_all, stored=(6, 6))
        with daemon.serve() as client:
            with self.assertRaises(KeyboardInterrupt):
                with client.stream_run("r", "1", producer_id="me", rows_per_batch=1) as stream:
                    for i in range(5):
                        stream.push(i, {"T": float(i)})
                    with mock.patch.object(stream._writer, "write", side_effect=KeyboardInterrupt):
                        stream.push(5, {"T": 5.0})
        self.assertEqual((stream.account.pushed, stream.account.stored), (6, 6))
        self.assertEqual(daemon.seen, [list(range(6))])
