"""Wrong requests give typed errors that name field, value, bound and next step."""

import unittest

import parallax
from daemon_process import DaemonTest
from rigs import START_NS, create_rig, open_run, two_heater_rig


class ErrorsTest(DaemonTest):
    def test_unknown_things_are_not_found(self):
        rig = create_rig(self.client, "known")
        run = rig.open_run("known", start=START_NS)
        for ask in (self.client.rig("nobody").refresh, self.client.rig("nobody").runs,
                    self.client.rig("nobody").reports, rig.run("nobody").refresh,
                    run.series("nothing").to_numpy, rig.run("nobody").series("T1").to_numpy,
                    rig.run("nobody").close, self.client.job("nobody").refresh,
                    lambda: rig.report("nobody"), lambda: rig.parameter_set(17), rig.latest_report,
                    lambda: rig.parameter_set().value("UU")):
            with self.subTest(ask=ask), self.assertRaises(parallax.NotFound) as raised:
                ask()
            self.assertEqual(raised.exception.code, "NOT_FOUND")

    def test_a_wrong_unit_names_where_and_what_was_meant(self):
        rig = two_heater_rig()
        rig["devices"][0]["channels"][2]["unit"] = "degC"
        with self.assertRaises(parallax.InvalidArgument) as raised:
            self.client.create_rig("wrong-unit", rig, twin="two_heater")
        error = raised.exception
        self.assertEqual(error.field, "rig.devices[0].channels[2].unit")
        self.assertIn("degC", error.value)
        self.assertTrue(error.bound)
        self.assertIn("Cel", error.next_step)
        self.assertIn(error.next_step, str(error))

    def test_a_wrong_assumption_names_the_parameter(self):
        with self.assertRaises(parallax.InvalidArgument) as raised:
            self.client.create_rig("wrong-name", two_heater_rig(), twin="two_heater",
                                   assumptions={"Uu": 5.0})
        self.assertIn("Uu", raised.exception.field + raised.exception.value)
        self.assertIn("U", raised.exception.next_step)

    def test_malformed_names_are_refused_before_or_by_the_daemon(self):
        for name in ("", "a/b", "rigs/", "runs/x"):
            with self.subTest(name=name), self.assertRaises(parallax.InvalidArgument):
                self.client.rig(name)
        with self.assertRaises(parallax.InvalidArgument) as raised:
            self.client.rig("no spaces").refresh()
        self.assertEqual(raised.exception.field, "name")
        self.assertIn("rigs/{rig}", raised.exception.bound)
        self.assertIn("63", raised.exception.next_step)

    def test_a_taken_name_exists_already(self):
        create_rig(self.client, "taken")
        other = two_heater_rig()
        other["geometry"]["ambient_k"] = 290.0
        with self.assertRaises(parallax.AlreadyExists):
            self.client.create_rig("taken", other, twin="two_heater")

    def test_a_decimated_series_needs_buckets(self):
        run = open_run(self.client, "buckets")
        for buckets in (None, 10_001):
            with self.assertRaises(parallax.InvalidArgument) as raised:
                run.series("T1", form="decimated", buckets=buckets).to_numpy()
            self.assertEqual(raised.exception.field, "buckets")
        with self.assertRaises(parallax.InvalidArgument) as raised:
            run.series("T1", form="smooth")
        self.assertIn('"filtered"', raised.exception.bound)

    def test_an_analysis_without_runs_is_refused(self):
        rig = create_rig(self.client, "no-runs")
        with self.assertRaises(parallax.InvalidArgument):
            rig.analyze()
        with self.assertRaises(parallax.NotFound):
            rig.analyze(calibrate=["nobody"])

    def test_a_stream_checks_run_channel_time_and_value(self):
        run = open_run(self.client, "stream-errors")
        with self.assertRaises(parallax.NotFound):
            with self.client.stream_run("stream-errors", "nobody"):
                self.fail("entered a stream of no run")
        with run.stream() as stream:
            with self.assertRaises(parallax.NotFound) as raised:
                stream.push(START_NS, {"t1": 20.0})
            self.assertEqual(raised.exception.next_step, 'did you mean "T1"?')
            for time, values, quality in (("yesterday", {"T1": 1.0}, None), (1.5e9, {"T1": 1.0}, None),
                                          (2**63, {"T1": 1.0}, None), (START_NS, {"T1": "warm"}, None),
                                          (START_NS, {"T1": 1.0}, {"T1": 7}),
                                          (START_NS, {"T1": 1.0, "board/T1": 2.0}, None)):
                with self.subTest(time=time, values=values), self.assertRaises(parallax.InvalidArgument):
                    stream.push(time, values, quality)
            with self.assertRaises(parallax.InvalidArgument):
                stream.push_block([START_NS, START_NS + 1], {"T1": [1.0]})
        self.assertEqual(stream.account.pushed, 0)
        with self.assertRaises(parallax.FailedPrecondition):
            stream.push(START_NS, {"T1": 1.0})

    def test_options_of_a_stream_have_bounds(self):
        run = open_run(self.client, "stream-options")
        for options in ({"max_unacked": 0}, {"rows_per_batch": -1}, {"give_up_after_s": 0.0},
                        {"producer_id": "me", "linger_s": 1.0}, {"on_stored": "skip"}):
            with self.subTest(options=options), self.assertRaises(parallax.InvalidArgument) as raised:
                run.stream(**options)
            self.assertIn(raised.exception.field, options)
        with self.assertRaises(parallax.InvalidArgument):
            with run.stream(rows_per_batch=1_000_000):
                self.fail("entered a stream whose messages no daemon takes")

    def test_an_epoch_below_the_stored_one_is_refused(self):
        run = open_run(self.client, "epochs")
        with run.stream(producer_id="me", epoch=3) as stream:
            stream.push(START_NS, {"T1": 1.0})
        with self.assertRaises(parallax.FailedPrecondition):
            with run.stream(producer_id="me", epoch=2) as stream:
                stream.push(START_NS, {"T1": 1.0})
        self.assertEqual(stream.account.waiting, 1)


class UnreachableTest(unittest.TestCase):
    def test_nobody_there_is_unavailable(self):
        with parallax.Client("127.0.0.1:1", timeout=5.0) as client:
            with self.assertRaises(parallax.Unavailable):
                client.rigs()
