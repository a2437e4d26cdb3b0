"""From an analysis to its report, its words, its figure and the parameters it calibrated."""

import hashlib
import re
import unittest
import xml.etree.ElementTree as ElementTree

import parallax
from daemon_process import DaemonTest
from rigs import START_NS, create_rig, push_campaign

try:
    import pandas as pd
except ImportError:
    pd = None

SVG = "{http://www.w3.org/2000/svg}"
JOB_S = 900.0


class AnalysisTest(DaemonTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rig = push_campaign(cls.client, "board")
        cls.phases = []
        cls.job = cls.rig.analyze(seed=1)
        cls.job.wait(JOB_S, on_progress=lambda job: cls.phases.append((job.state, job.phase)))
        cls.report = cls.job.report()

    def test_a_job_is_followed_to_its_end(self):
        self.assertEqual((self.job.state, self.job.progress), ("SUCCEEDED", 1.0))
        self.assertEqual(self.phases[-1][0], "SUCCEEDED")
        self.assertIn(self.job.name, [job.name for job in self.client.jobs()])
        self.assertIn(self.job.name, [job.name for job in self.rig.jobs()])
        with self.assertRaises(parallax.FailedPrecondition):
            self.client.job(self.job.name).cancel()

    def test_runs_tell_what_they_are_for(self):
        runs = self.rig.runs()
        self.assertEqual([(run.id, run.split, run.state) for run in runs],
                         [("energy-balance-1s", "CALIBRATE", "CLOSED"), ("mimo-3s", "VALIDATE", "CLOSED")])
        self.assertEqual(runs[0].start_time.isoformat(), "2018-03-01T15:00:00+00:00")
        self.assertIn("board/T1", runs[0].channels())
        self.assertEqual(runs[0].digest(), self.daemon.cli("series", "digest", runs[0].name)["sha256"])

    def test_the_report_is_what_is_stored(self):
        report = self.rig.latest_report()
        self.assertEqual(report.name, self.report.name)
        self.assertEqual(report.json, self.report.json)
        self.assertEqual(hashlib.sha256(report.json).hexdigest(), report.message.sha256)
        self.assertEqual(self.rig.report(report.name.split("/")[-1]).json, report.json)
        self.assertEqual(self.client.report(report.name).data["rig"], "board")
        self.assertFalse(report.superseded)

    def test_the_verdict_is_the_same_as_the_clis(self):
        told = self.daemon.cli("report", "explain", "board")
        self.assertEqual(str(self.report.verdict), told["verdict"])
        self.assertEqual(self.report.verdict.kind, told["kind"])
        lines = self.report.explain().splitlines()
        self.assertEqual(lines[0], told["verdict"])
        self.assertTrue(any(line.startswith("Gap ") for line in lines), lines)

    def test_the_waterfall_is_the_same_as_the_clis(self):
        path = self.daemon.folder / "report.svg"
        self.daemon.cli("report", "show", "board", "--figure", path)
        theirs = set(ElementTree.parse(path).getroot().itertext())
        ours = set(ElementTree.fromstring(self.report.plot().svg).itertext())
        shares = {text for text in ours if re.fullmatch(r"\S+ %( \(\S+ to \S+\))?", text)}
        self.assertGreater(len(shares), 5)
        self.assertLessEqual(shares, theirs)

    def test_the_page_needs_no_network(self):
        page = self.report._repr_html_()
        svg = ElementTree.fromstring(re.search("<svg.*</svg>", page, re.DOTALL).group(0))
        self.assertGreater(len(svg.findall(f"{SVG}rect[@class='bar']")), 4)
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)|url\(|<script|<img|@import", page),
                         [])

    def test_parameters_are_revisions(self):
        assumed = self.rig.parameter_set(0)
        self.assertEqual(assumed.value("U").value, 10.0)
        current = self.rig.parameter_set()
        self.assertEqual(current.state, "CURRENT")
        self.assertEqual(self.report.parameter_set, self.rig.parameter_sets()[0].name)
        calibrated = self.client.rig("board").parameter_set(1)
        self.assertTrue(calibrated.value("alpha1").calibrated)
        self.assertGreater(calibrated.value("alpha1").sd, 0.0)
        self.assertEqual(calibrated.value("alpha1").assumed, 0.01)
        moved = {before.parameter for before, after in assumed.diff(calibrated) if before and after}
        self.assertIn("alpha1", moved)
        self.assertEqual(self.rig.parameter_sets()[-1].provenance, assumed.provenance)

    @unittest.skipIf(pd is None, "pandas is not installed")
    def test_what_cannot_be_designed_or_learned_says_why(self):
        with self.assertRaises(parallax.FailedPrecondition):
            self.rig.suggest_experiments(aim="outcome").design(60)
        with self.assertRaises(parallax.FailedPrecondition):
            self.rig.train_model().model(60)
        with self.assertRaises(parallax.InvalidArgument):
            self.rig.suggest_experiments(aim="everything")
        self.assertEqual((self.rig.designs(), self.rig.models()), ([], []))

    def test_tables_have_the_reports_numbers(self):
        shares = self.report.attribution()
        told = [part["shapley"] for part in self.report.data["attribution"]]
        # What only its group has a share of has none.
        self.assertIn(None, told)
        self.assertEqual([None if pd.isna(share) else share for share in shares["shapley"]], told)
        values = self.rig.parameter_set(0).to_dataframe().set_index("parameter")
        self.assertEqual(values.loc["alpha2", "value"], 0.0075)

    def test_the_daemon_tells_its_twins_and_rigs(self):
        self.assertIn("twins/two_heater", [twin.name for twin in self.client.twins()])
        self.assertEqual([rig.name for rig in self.client.rigs()], ["rigs/board"])


class JobEndsTest(DaemonTest):
    def test_a_failed_job_raises_what_it_failed_with(self):
        rig = create_rig(self.client, "no-samples")
        rig.open_run("empty", start=START_NS, split="calibrate").close()
        job = rig.analyze()
        with self.assertRaises(parallax.ParallaxError) as raised:
            job.wait(JOB_S)
        self.assertEqual(job.state, "FAILED")
        self.assertIn(job.name, raised.exception.message)

    def test_a_job_that_goes_on_can_be_cancelled(self):
        job = push_campaign(self.client, "cancelled").analyze()
        with self.assertRaises(parallax.DeadlineExceeded):
            job.wait(0.0)
        job.cancel()
        with self.assertRaises(parallax.Cancelled):
            job.report(JOB_S)


class RunTest(DaemonTest):
    def test_an_outcome_is_recorded_and_replaced(self):
        run = create_rig(self.client, "outcome").open_run("1", start="2026-01-02T03:04:05Z")
        self.assertIsNone(run.outcome)
        for height_um in (12.5, 13.0):
            run.record_outcome({"height_um": {"value": height_um, "sd": 0.5}})
            self.assertEqual(run.outcome.height_um.value, height_um)
        with self.assertRaises(parallax.InvalidArgument) as raised:
            run.record_outcome({"height_um": {"value": 12.5, "sd": -1.0}})
        self.assertIn("height_um.sd", raised.exception.field)

    def test_a_run_is_opened_with_its_recipe_once(self):
        rig = create_rig(self.client, "recipe")
        recipe = [{"name": "heat", "start_s": 0, "end_s": 60, "setpoints": {"Q1": {"ramp_to": 80}}}]
        for _ in range(2):
            run = rig.open_run("1", start=START_NS, segments=recipe, notes="first", split="validate")
        self.assertEqual((run.state, run.split, run.message.notes), ("OPEN", "VALIDATE", "first"))
        self.assertTrue(run.message.segments[0].setpoints["Q1"].ramp)
        with self.assertRaises(parallax.AlreadyExists):
            rig.open_run("1", start=START_NS, notes="second")
        with self.assertRaises(parallax.InvalidArgument):
            rig.open_run("2", start=START_NS, split="both")
        self.assertEqual([run.close().state for run in rig.runs()], ["CLOSED"])
