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


def result(*arguments, after=None, seconds=1.0, because="", species=None, pyrometer_k=None, **more):
    rmse = [] if pyrometer_k is None else [
        {"channel": "laser/height", "before": 3.0, "after": 3.0, "unit": "um"},
        {"channel": "pyro/pyro_t", "before": 36.0, "after": pyrometer_k, "unit": "K"}]
    return {"verdict": {**verdict(*arguments, **more), "because": because},
            "calibrated": [] if after is None else [{}],
            "validation": {"gap_after": after, "floor": 2.0, "rmse": rmse,
                           "chirality_success_before": None if species is None else 0.46,
                           "chirality_success_after": species},
            "seconds": {"replay": seconds, "analyse": seconds}}


def write(content, *path):
    with open(os.path.join(*path), "w", encoding="utf-8") as file:
        json.dump(content, file)


def run_on_folders(labels, results, *options):
    """Exit code and output of the script on these campaigns as files."""
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("campaigns", "labels", "out"):
            os.mkdir(os.path.join(folder, kind))
        for one in labels:
            os.mkdir(os.path.join(folder, "campaigns", one["id"]))
            write(one, folder, "campaigns", one["id"], "campaign.json")
            write(one, folder, "labels", one["id"] + ".json")
        for campaign, given in results.items():
            write(given, folder, "out", campaign + ".json")
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = scoreboard.main([os.path.join(folder, "campaigns"),
                                    os.path.join(folder, "labels"), "--score-only", "--out",
                                    os.path.join(folder, "out"), *options])
    return code, said.getvalue()


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
        code, said = run_on_folders(self.LABELS, self.RESULTS)
        self.assertEqual(code, 0)
        self.assertEqual(said, scoreboard.format_score(self.rows) + "\n")
        self.assertIn("score 5/8\n", said)

    def test_what_cannot_be_scored_is_a_usage_error(self):
        with tempfile.TemporaryDirectory() as folder:
            for arguments in ([], ["--score-only"], ["--score-only", "--out", folder]):
                said = io.StringIO()
                with contextlib.redirect_stderr(said), self.assertRaises(SystemExit) as ended:
                    scoreboard.main([folder, folder, "--bin", folder] + arguments)
                self.assertEqual(ended.exception.code, 2, said.getvalue())


class Innocents(unittest.TestCase):
    def test_channels_beside_the_guilty_one_are_counted(self):
        for planted, channels, innocents in (
                (label("sensor", sensor="pyro_t"), ["pyro/pyro_t"], 0),
                (label("sensor", sensor="pyro_t"), ["pyro/pyro_t", "gas/feed_flow"], 1),
                (label("sensor", sensor="pyro.clock"), ["pyro/clock", "rga/clock"], 1),
                (label("null"), ["pyro/pyro_t", "rga/p_h2o"], 2)):
            row = scoreboard.grade(planted, result("SENSOR_FAULT", channels=channels))
            self.assertEqual(row.innocents, innocents, channels)
            self.assertEqual(scoreboard.summarise([row])["innocents_accused"], innocents)

    def test_a_channel_that_the_twin_misses_is_not_accused(self):
        row = scoreboard.grade(label("unmodelled"), result("UNMODELLED", channels=["laser/height"]))
        self.assertEqual(row.innocents, 0)


class Require(unittest.TestCase):
    """Sixteen small campaigns and a case study that hold every limit, then one that breaks each."""

    LABELS = ([label("null", id="n%d" % i) for i in range(3)] +
              [label("single", ["vd0"], id="s%02d" % i) for i in range(12)] +
              [label("confounded", ["k0"], ambiguous=["k0", "Rc"], id="p"),
               label("case_study", ["k0", "nk"], id="study")])
    SEPARATES = "cause lies among k0, Rc; two thicknesses would separate them"

    def setUp(self):
        self.results = {"n%d" % i: result("NO_GAP") for i in range(3)}
        for i in range(12):
            self.results["s%02d" % i] = result("IDENTIFIED", ["vd0"], after=2.6, seconds=30.0)
        self.results["p"] = result("AMBIGUOUS", group=["k0", "Rc"], because=self.SEPARATES)
        self.results["study"] = result("IDENTIFIED", ["nk"], after=2.8, seconds=90.0, species=0.88,
                                       pyrometer_k=4.0)

    def run_with(self, wanted, **changed):
        code, said = run_on_folders(self.LABELS, {**self.results, **changed}, "--require", wanted)
        return code, [line for line in said.splitlines() if line.startswith("FAIL")], said

    def check_broken(self, wanted, texts, **changed):
        code, failed, said = self.run_with(wanted, **changed)
        self.assertEqual(code, 1, said)
        self.assertEqual([line.split(": ")[1] for line in failed], texts)

    def test_what_just_holds_every_limit_is_accepted(self):
        code, failed, said = self.run_with("all")
        self.assertEqual((code, failed), (0, []), said)
        self.assertIn("\n15 of 15 limits hold\n", said)
        self.assertIn("\npass  case-study: RMSE of the pyrometer on held-out runs [K] 4 (asked: <= 4)\n",
                      said)

    def test_every_limit_of_the_small_campaigns_refuses(self):
        broken = self.check_broken
        broken("all", ["points lost 1 (asked", "nominal campaigns accused 1 (asked"],
               n0=result("AMBIGUOUS", group=["k0", "Rc"], because=self.SEPARATES))
        broken("all", ["points lost 1 (asked", "wrong parameter IDENTIFIED 1 (asked"],
               s00=result("IDENTIFIED", ["Rc"], after=2.0))
        broken("all", ["points lost 0.5 (asked", "member of an inseparable pair claimed 1 (asked"],
               p=result("IDENTIFIED", ["k0"], after=2.0))
        broken("all", ["AMBIGUOUS without a separating experiment 1 (asked"],
               p=result("AMBIGUOUS", group=["k0", "Rc"]))
        broken("all", ["IDENTIFIED without a held-out gap 1 (asked"],
               s00=result("IDENTIFIED", ["vd0"]))
        broken("all", ["worst held-out gap of an IDENTIFIED over its floor 1.35 (asked"],
               s00=result("IDENTIFIED", ["vd0"], after=2.7))
        broken("all", ["seconds of the longest 60.2 (asked"], n0=result("NO_GAP", seconds=30.1))

    def test_every_limit_of_the_case_study_refuses(self):
        def study(species=0.9, pyrometer_k=3.0, seconds=1.0, named="nk"):
            return result("IDENTIFIED", [named], after=1.0, seconds=seconds, species=species,
                          pyrometer_k=pyrometer_k)
        broken = self.check_broken
        broken("case-study", ["points lost 1 (asked", "wrong parameter IDENTIFIED 1 (asked"],
               study=study(named="Rc"))
        broken("case-study", ["share of held-out runs whose dominant species is right 0.87 (asked"],
               study=study(species=0.87))
        broken("case-study", ["RMSE of the pyrometer on held-out runs [K] 4.1 (asked"],
               study=study(pyrometer_k=4.1))
        broken("case-study", ["seconds of the longest 180.2 (asked"], study=study(seconds=90.1))

    def test_a_figure_that_is_not_there_refuses(self):
        self.check_broken("all", ["share of held-out runs whose dominant species is right - (asked",
                                  "RMSE of the pyrometer on held-out runs [K] - (asked"],
                          study=result("IDENTIFIED", ["nk"], after=1.0))
        code, said = run_on_folders(self.LABELS[:-2], self.results, "--require", "small")
        self.assertEqual(code, 1)
        self.assertIn("FAIL  small: campaigns scored 15 (asked: >= 16)", said)

    def test_one_group_alone_may_be_required(self):
        slow = result("NO_GAP", seconds=300.0)
        self.assertEqual(self.run_with("case-study", n0=slow)[0], 0)
        self.assertEqual(self.run_with("small", n0=slow)[0], 1)
        code, _ = run_on_folders(self.LABELS[:1], {"n0": slow})  # nothing is required
        self.assertEqual(code, 0)


if __name__ == "__main__":
    unittest.main()
