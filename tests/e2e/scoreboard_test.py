"""Scores made-up results against made-up labels whose table is known; starts no daemon."""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
_path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scoreboard")
_loader = importlib.machinery.SourceFileLoader("scoreboard", _path)
scoreboard = importlib.util.module_from_spec(importlib.util.spec_from_loader("scoreboard", _loader))
_loader.exec_module(scoreboard)


def label(family, planted=(), **more):
    return {"id": more.pop("id", "x"), "family": family,
            "parameters": [{"name": name} for name in planted], "mechanism": None, "sensor": None,
            "ambiguous": None, "same_mechanism": None, **more}


def verdict(kind, parameters=(), group=(), channels=(), confidence=1.0):
    return {"kind": kind, "parameters": list(parameters), "group": list(group),
            "channels": list(channels), "confidence": confidence}


def result(*arguments, after=None, seconds=1.0, **more):
    return {"verdict": verdict(*arguments, **more), "calibrated": [] if after is None else [{}],
            "validation": {"gap_after": after, "floor": 2.0},
            "seconds": {"replay": seconds, "analyse": seconds}}


class Points(unittest.TestCase):
    def check(self, points, truth, given):
        self.assertEqual(scoreboard.points_of(truth, given), points)

    def test_a_null_is_right_as_no_gap_only(self):
        self.check(1.0, label("null"), verdict("NO_GAP"))
        self.check(0.0, label("null"), verdict("ABSTAINED"))

    def test_a_single_cause_may_go_by_another_name_of_its_mechanism(self):
        truth = label("single", ["nk"], same_mechanism=["k0"])
        self.check(1.0, truth, verdict("IDENTIFIED", ["nk"]))
        self.check(1.0, truth, verdict("IDENTIFIED", ["k0"]))
        self.check(0.0, truth, verdict("IDENTIFIED", ["nk", "Rc"]))
        self.check(0.0, truth, verdict("IDENTIFIED", []))
        self.check(0.0, truth, verdict("UNMODELLED"))

    def test_a_group_with_a_single_cause_is_half_right_up_to_three_members(self):
        truth = label("single", ["nk"])
        self.check(0.5, truth, verdict("AMBIGUOUS", group=["nk", "Rc", "h"]))
        self.check(0.0, truth, verdict("AMBIGUOUS", group=["nk", "Rc", "h", "eps0"]))
        self.check(0.0, truth, verdict("AMBIGUOUS", group=["Rc", "h"]))

    def test_a_case_study_may_be_a_group_within_its_mechanism(self):
        truth = label("case_study", ["nk", "k0"])
        self.check(1.0, truth, verdict("AMBIGUOUS", group=["nk", "k0"]))
        self.check(0.5, truth, verdict("AMBIGUOUS", group=["nk", "Rc"]))

    def test_of_two_causes_one_alone_is_half_right(self):
        truth = label("double", ["dp0", "bTC"])
        self.check(1.0, truth, verdict("IDENTIFIED", ["bTC", "dp0"]))
        self.check(0.5, truth, verdict("IDENTIFIED", ["bTC"]))
        self.check(0.0, truth, verdict("IDENTIFIED", ["bTC", "h"]))
        self.check(0.0, truth, verdict("AMBIGUOUS", group=["dp0", "bTC"]))

    def test_a_confounded_pair_must_be_named_together(self):
        truth = label("confounded", ["k0"], ambiguous=["k0", "Rc"])
        self.check(1.0, truth, verdict("AMBIGUOUS", group=["Rc", "k0", "h"]))
        self.check(0.0, truth, verdict("AMBIGUOUS", group=["k0", "h"]))
        self.check(0.5, truth, verdict("IDENTIFIED", ["k0"]))
        self.check(0.0, truth, verdict("IDENTIFIED", ["Rc"]))

    def test_a_sensor_is_named_by_channel_or_by_its_devices_clock(self):
        self.check(1.0, label("sensor", sensor="pyro_t"),
                   verdict("SENSOR_FAULT", channels=["pyro/pyro_t"]))
        self.check(0.0, label("sensor", sensor="pyro_t"),
                   verdict("SENSOR_FAULT", channels=["gas/feed_flow"]))
        self.check(1.0, label("sensor", sensor="pyro.clock"),
                   verdict("SENSOR_FAULT", channels=["pyro/clock"]))
        self.check(1.0, label("sensor", sensor={"channel": "pyro_t"}, same_channels=["duty"]),
                   verdict("SENSOR_FAULT", channels=["furnace/duty"]))


class Table(unittest.TestCase):
    """Eight campaigns: what each verdict is worth is known, so are all figures of the score."""

    LABELS = [
        label("null", id="a1"), label("null", id="a2"),
        label("single", ["vd0"], id="b1"), label("single", ["nk"], same_mechanism=["k0"], id="b2"),
        label("double", ["dp0", "bTC"], id="c1"),
        label("confounded", ["k0"], ambiguous=["k0", "Rc"], id="d1"),
        label("unmodelled", id="e1", mechanism="fouling"),
        label("sensor", id="f1", sensor="pyro_t"),
    ]
    RESULTS = {
        "a1": result("NO_GAP", confidence=0.3),
        "a2": result("IDENTIFIED", ["vd0"], confidence=0.95, after=2.0),  # accuses a null
        "b1": result("IDENTIFIED", ["vd0"], confidence=0.99, after=2.4, seconds=4.0),
        "b2": result("IDENTIFIED", ["k0"], confidence=0.97, after=3.0),
        "c1": result("IDENTIFIED", ["dp0"], confidence=0.98),  # one of two
        "d1": result("IDENTIFIED", ["k0"], confidence=0.96),  # over-claims
        "e1": result("UNMODELLED", channels=["height"], confidence=0.75),
    }

    def setUp(self):
        self.rows = [scoreboard.grade(one, self.RESULTS.get(one["id"])) for one in self.LABELS]

    def test_the_summary_counts_what_was_planted(self):
        summary = scoreboard.summarise(self.rows)
        self.assertEqual(summary["score"], 1 + 0 + 1 + 1 + .5 + .5 + 1 + 0)
        self.assertEqual(summary["campaigns"], 8)
        self.assertEqual(summary["wrongly_identified"], 1)
        self.assertEqual(summary["over_claimed"], 1)
        self.assertEqual((summary["nulls_accused"], summary["nulls"]), (1, 2))
        self.assertEqual(summary["no_result"], 1)
        self.assertAlmostEqual(summary["parameter_hit_rate"], 4 / 5)

    def test_gap_and_time_are_read_off_the_results(self):
        summary = scoreboard.summarise(self.rows)
        self.assertEqual((summary["gap_closed"], summary["identified_with_gap"]), (2, 3))
        self.assertAlmostEqual(summary["gap_ratio_worst"], 1.5)
        self.assertAlmostEqual(summary["seconds_total"], 6 * 2.0 + 8.0)
        self.assertAlmostEqual(summary["seconds_longest"], 8.0)

    def test_the_confidence_error_compares_by_bin_and_leaves_abstentions_out(self):
        sure = abs((.95 - 0) + (.99 - 1) + (.97 - 1) + (.98 - .5) + (.96 - .5))
        self.assertAlmostEqual(scoreboard.confidence_error(self.rows), 
                               (sure + abs(.75 - 1) + abs(.3 - 1)) / 7)
        silent = scoreboard.grade(label("null", id="g1"), result("ABSTAINED", confidence=0.0))
        self.assertIsNone(scoreboard.confidence_error([silent]))

    def test_precision_and_recall_by_verdict(self):
        table = scoreboard.precision_and_recall(self.rows)
        self.assertEqual(table["IDENTIFIED"], (2 / 5, 2 / 3, 5, 3))
        self.assertEqual(table["NO_GAP"], (1.0, 1 / 2, 1, 2))
        self.assertEqual(table["AMBIGUOUS"], (None, 0.0, 0, 1))
        self.assertEqual(table["SENSOR_FAULT"], (None, 0.0, 0, 1))
        self.assertEqual(table["ABSTAINED"], (None, None, 0, 0))

    def test_the_confusion_table_counts_families_by_verdict(self):
        lines = [line.split() for line in scoreboard.format_confusion(self.rows).splitlines()]
        self.assertEqual(lines[0][-3:], ["no", "result", "points"])
        self.assertIn(["confounded", "0", "1", "0", "0", "0", "0", "0", "0.5/1"], lines)
        self.assertIn(["null", "1", "1", "0", "0", "0", "0", "0", "1/2"], lines)
        self.assertIn(["sensor", "0", "0", "0", "0", "0", "0", "1", "0/1"], lines)

    def test_folders_are_scored_as_their_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for kind in ("campaigns", "labels", "out"):
                os.mkdir(os.path.join(folder, kind))
            for one in self.LABELS:
                os.mkdir(os.path.join(folder, "campaigns", one["id"]))
                self.write(one, folder, "campaigns", one["id"], "campaign.json")
                self.write(one, folder, "labels", one["id"] + ".json")
            for campaign, given in self.RESULTS.items():
                self.write(given, folder, "out", campaign + ".json")
            said = io.StringIO()
            with contextlib.redirect_stdout(said):
                code = scoreboard.main([os.path.join(folder, "campaigns"),
                                        os.path.join(folder, "labels"), "--score-only", "--out",
                                        os.path.join(folder, "out")])
        self.assertEqual(code, 0)
        self.assertEqual(said.getvalue(), scoreboard.format_score(self.rows) + "\n")
        self.assertIn("score 5/8\n", said.getvalue())

    def test_what_cannot_be_scored_is_a_usage_error(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in ([], ["--score-only"], ["--score-only", "--out", folder]):
                said = io.StringIO()
                with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
                    scoreboard.main([folder, folder, "--bin", folder] + arguments)
                self.assertEqual(ended.exception.code, 2, said.getvalue())

    @staticmethod
    def write(content, *path):
        with open(os.path.join(*path), "w", encoding="utf-8") as file:
            json.dump(content, file)


if __name__ == "__main__":
    unittest.main()
