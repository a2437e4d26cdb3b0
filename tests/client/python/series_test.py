"""What was pushed is read back bit for bit, in every form."""

import sys
import unittest
from unittest import mock

import numpy as np
import parallax
from daemon_process import DaemonTest
from rigs import START_NS, open_run

try:
    import pandas as pd
except ImportError:
    pd = None

ROWS = 70_000  # more than one part of an answer, and many batches


class SamplesTest(DaemonTest):
    def assert_same(self, have, want):
        """Equal numbers in order; unittest would take minutes to show how long lists differ."""
        have, want = np.asarray(have), np.asarray(want)
        self.assertEqual(have.shape, want.shape)
        differ = np.flatnonzero(have != want)
        self.assertEqual([(i, have[i], want[i]) for i in differ[:5]], [])

    def assert_same_bits(self, have, want):
        self.assert_same(*(np.array(values, dtype=np.float64).view(np.uint64) for values in (have, want)))


class SeriesTest(SamplesTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        random = np.random.default_rng(5)
        steps = random.integers(1, 2_000_000_000, ROWS)
        cls.times = START_NS + np.cumsum(steps)
        # Every exponent that a double has, both zeros, subnormals, and the ends.
        cls.values = random.integers(0, 2**64, ROWS, dtype=np.uint64).view(np.float64).copy()
        cls.values[~np.isfinite(cls.values)] = 1.5
        cls.values[:6] = [0.0, -0.0, 5e-324, -5e-324, sys.float_info.max, sys.float_info.min]
        cls.quality = random.choice([0, 16, 32], ROWS).astype(np.uint8)
        # The board reads -40 to 125 Cel: the daemon marks the rest as bad, out of range.
        in_range = (cls.values >= -40.0) & (cls.values <= 125.0)
        cls.stored_quality = np.where(in_range, cls.quality, 33)
        cls.run_ = open_run(cls.client, "series")
        with cls.run_.stream() as stream:
            stream.push_block(cls.times, {"board/T1": cls.values}, {"T1": cls.quality})
        cls.account = stream.account

    def test_every_sample_is_accounted_for(self):
        self.assertEqual((self.account.pushed, self.account.stored, self.account.waiting), (ROWS, ROWS, 0))
        self.assertEqual(self.account.rejected, {})
        self.assertEqual(self.run_.refresh().ledger.stored, ROWS)

    def test_raw_is_what_was_pushed(self):
        array = self.run_.series("T1").to_numpy()
        self.assert_same(array["time_unix_ns"], self.times)
        self.assert_same_bits(array["value"], self.values)
        self.assert_same(array["quality"], self.stored_quality)

    def test_a_range_includes_its_start_and_excludes_its_end(self):
        first, end = 1000, 2000
        series = self.run_.series("T1", start=int(self.times[first]), end=int(self.times[end]))
        self.assert_same_bits(series.to_numpy()["value"], self.values[first:end])

    def test_times_may_be_datetimes(self):
        start = np.datetime64(int(self.times[10]), "ns")
        array = self.run_.series("T1", start=start, end="2018-03-01T16:00:00Z").to_numpy()
        end_ns = START_NS + 3600 * 10**9
        self.assertEqual(len(array), int((self.times < end_ns).sum()) - 10)

    def test_decimated_keeps_extremes_and_counts(self):
        array = self.run_.series("T1", form="decimated", buckets=100).to_numpy()
        self.assertEqual(len(array), 100)
        self.assertEqual(int(array["count"].sum()), ROWS)
        self.assertNotIn("quality", array.dtype.names)
        filled = array[array["count"] > 0]
        self.assertEqual(filled["minimum"].min(), self.values.min())
        self.assertEqual(filled["maximum"].max(), self.values.max())
        self.assert_same_bits([filled["first"][0], filled["value"][-1]], [self.values[0], self.values[-1]])

    @unittest.skipIf(pd is None, "pandas is not installed")
    def test_a_dataframe_holds_the_same_bits(self):
        frame = self.run_.series("T1").to_dataframe()
        self.assert_same(frame.index.asi8, self.times)
        self.assertEqual(str(frame.index.tz), "UTC")
        self.assert_same_bits(frame["value"], self.values)
        self.assert_same(frame["quality"].cat.codes, self.stored_quality >> 4)
        self.assert_same(frame["reason"], self.stored_quality & 15)
        self.assertEqual(frame.attrs, {"channel": "T1", "unit": "Cel"})

    def test_without_pandas_numpy_still_works(self):
        with mock.patch.dict(sys.modules, {"pandas": None}):
            with self.assertRaisesRegex(ImportError, "python3-pandas"):
                self.run_.series("T1").to_dataframe()
            self.assertEqual(len(self.run_.series("T1").to_numpy()), ROWS)


class FilteredTest(DaemonTest):
    def test_filtered_has_standard_deviations_and_flags(self):
        run = open_run(self.client, "filtered")
        times = START_NS + 10**9 * np.arange(600)
        values = 20.0 + 0.01 * np.arange(600) + np.random.default_rng(1).normal(0.0, 0.1, 600)
        values[300] = 90.0  # a spike
        with run.stream() as stream:
            stream.push_block(times, {"T1": values})
        samples = run.series("T1", form=parallax.Form.FILTERED).read()
        self.assertEqual(samples.unit, "Cel")
        self.assertEqual(len(samples.array), 600)
        self.assertTrue((samples.array["sd"][samples.level == 0] > 0.0).all())
        self.assertNotEqual(samples.level[300], 0)

    def test_an_empty_series_is_empty(self):
        run = open_run(self.client, "empty")
        array = run.series("T1").to_numpy()
        self.assertEqual((len(array), array.dtype.names), (0, ("time_unix_ns", "value", "quality")))
