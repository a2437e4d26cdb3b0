"""Times at the edge, names and what is near them."""

import datetime
import unittest

import numpy as np
import parallax
from parallax import names, times

try:
    import pandas as pd
except ImportError:
    pd = None

NS = 1_519_916_401_001_284_599
US = NS // 1000 * 1000


class TimesTest(unittest.TestCase):
    def test_every_kind_of_time_keeps_its_nanoseconds(self):
        zone = datetime.timezone(datetime.timedelta(hours=2))
        moment = datetime.datetime(2018, 3, 1, 17, 0, 1, 1284, tzinfo=zone)
        for time, time_ns in ((NS, NS), (np.int64(NS), NS), (np.datetime64(NS, "ns"), NS), (moment, US),
                              ("2018-03-01T15:00:01.001284599Z", NS), (0, 0), (-1, -1)):
            with self.subTest(time=time):
                self.assertEqual(times.unix_ns(time), time_ns)
                self.assertEqual(times.timestamp_ns(times.timestamp(time)), time_ns)

    @unittest.skipIf(pd is None, "pandas is not installed")
    def test_pandas_times_keep_their_nanoseconds(self):
        stamp = pd.Timestamp(NS, tz="Europe/Berlin")
        self.assertEqual(times.unix_ns(stamp), NS)
        for index in (pd.DatetimeIndex([stamp, stamp]), pd.to_datetime([NS, NS])):
            self.assertEqual(times.unix_ns_array(index).tolist(), [NS, NS])

    def test_what_is_no_exact_time_is_refused(self):
        for time in (1.5e18, True, None, "noon", datetime.datetime(2018, 3, 1), 2**63,
                     np.datetime64("NaT"), -2**62 - 1):
            with self.subTest(time=time), self.assertRaises(parallax.InvalidArgument) as raised:
                times.unix_ns(time, "start")
            self.assertEqual(raised.exception.field, "start")

    def test_arrays(self):
        wanted = [NS, NS - 7]
        for array in (wanted, np.array(wanted), np.array(wanted, dtype=np.uint64),
                      np.array(wanted).astype("datetime64[ns]"), tuple(wanted)):
            self.assertEqual(times.unix_ns_array(array).tolist(), wanted)
        self.assertEqual(times.unix_ns_array([]).tolist(), [])
        for array in ([1.5, 2.5], np.zeros((2, 2), dtype=np.int64), np.array(["NaT"], "datetime64[ns]"),
                      [2**62 + 1]):
            with self.subTest(array=array), self.assertRaises(parallax.InvalidArgument):
                times.unix_ns_array(array)

    def test_a_timestamp_as_a_datetime(self):
        self.assertEqual(times.aware_datetime(times.timestamp(NS)).isoformat(),
                         "2018-03-01T15:00:01.001284+00:00")


class NamesTest(unittest.TestCase):
    def test_names_are_completed(self):
        self.assertEqual(names.top_name("r7", "rigs"), "rigs/r7")
        self.assertEqual(names.top_name("rigs/r7", "rigs"), "rigs/r7")
        self.assertEqual(names.name_below("rigs/r7", 42, "runs"), "rigs/r7/runs/42")
        self.assertEqual(names.name_below("rigs/r7", "rigs/r7/runs/42", "runs"), "rigs/r7/runs/42")
        self.assertEqual(names.name_below_any("r7/42", "runs"), "rigs/r7/runs/42")

    def test_names_of_something_else_are_refused(self):
        for call in (lambda: names.top_name("jobs/r7", "rigs"), lambda: names.top_name("", "rigs"),
                     lambda: names.name_below("rigs/r7", "rigs/r8/runs/42", "runs"),
                     lambda: names.name_below("rigs/r7", "rigs/r7/runs/", "runs"),
                     lambda: names.name_below_any("r7", "runs"),
                     lambda: names.name_below_any("rigs/r7", "runs")):
            with self.assertRaises(parallax.InvalidArgument) as raised:
                call()
            self.assertEqual(raised.exception.field, "name")

    def test_hints(self):
        self.assertEqual(names.did_you_mean("aplha1", ["alpha1", "U"]), 'did you mean "alpha1"?')
        self.assertEqual(names.did_you_mean("zzz", ["b", "a"]), "known are a, b")
