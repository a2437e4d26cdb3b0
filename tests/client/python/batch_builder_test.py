"""Rows into batches: the same boundaries and encoding as the C++ client's."""

import unittest

from parallax.backoff import Backoff, BackoffOptions
from parallax.batch_builder import BatchBuilder, most_rows, usual_rows


class BatchBuilderTest(unittest.TestCase):
    def test_sizes_are_those_of_the_cpp_client(self):
        self.assertEqual([usual_rows(n) for n in (0, 1, 4, 65, 66, 1024)],
                         [2000, 2000, 2000, 2000, 1985, 128])
        self.assertEqual(most_rows(4), 32_768)

    def test_columns_ascend_and_even_times_become_a_period(self):
        builder = BatchBuilder(10)
        for i in range(3):
            builder.add_row(100 + 5 * i, {3: float(i), 1: -float(i)}, {})
        batch = builder.take(7)
        self.assertEqual((batch.seq, [column.channel_index for column in batch.columns]), (7, [1, 3]))
        for column in batch.columns:
            self.assertEqual((column.first_time_unix_ns, column.period_ns), (100, 5))
            self.assertEqual((list(column.delta_time_ns), column.quality), ([], b""))
        self.assertEqual(list(batch.columns[1].value), [0.0, 1.0, 2.0])
        self.assertEqual((builder.rows, builder.samples, builder.room), (0, 0, 10))

    def test_uneven_times_are_deltas_that_may_go_back(self):
        builder = BatchBuilder(10)
        builder.add_rows([10, 30, 20], {0: [1.0, 2.0, 3.0]}, {0: b"\x00\x10\x20"})
        column = builder.take(0).columns[0]
        self.assertEqual((list(column.delta_time_ns), column.period_ns), ([20, -10], 0))
        self.assertEqual(column.quality, b"\x00\x10\x20")

    def test_one_sample_has_no_spacing(self):
        builder = BatchBuilder(10)
        builder.add_row(10, {0: 1.0}, {0: 32})
        column = builder.take(0).columns[0]
        self.assertEqual((list(column.delta_time_ns), column.period_ns, column.quality), ([], 0, b"\x20"))

    def test_rows_without_a_sample_do_not_count(self):
        builder = BatchBuilder(2)
        builder.add_row(10, {}, {})
        builder.add_rows([11, 12], {}, {})
        self.assertEqual((builder.rows, builder.room), (0, 2))
        builder.add_row(13, {0: 1.0, 1: 2.0}, {})
        builder.add_row(14, {1: 3.0}, {})
        self.assertEqual((builder.rows, builder.samples, builder.room), (2, 3, 0))


class BackoffTest(unittest.TestCase):
    def test_waits_double_up_to_the_longest(self):
        backoff = Backoff(BackoffOptions(initial_s=0.1, maximum_s=1.0, jitter=0.0))
        self.assertEqual([backoff.after(n) for n in (1, 2, 3, 4, 5, 10_000)],
                         [0.1, 0.2, 0.4, 0.8, 1.0, 1.0])

    def test_chance_takes_its_share_and_repeats_with_its_seed(self):
        waits = [Backoff(BackoffOptions(jitter=0.3), seed=s).after(1) for s in range(50)]
        self.assertGreater(len(set(waits)), 40)
        self.assertTrue(all(0.07 <= wait <= 0.1 for wait in waits))
        self.assertEqual(waits[3], Backoff(BackoffOptions(jitter=0.3), seed=3).after(1))
