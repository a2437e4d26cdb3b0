"""A report's words and waterfall, from its JSON alone."""

import copy
import json
import math
import pathlib
import unittest
import xml.etree.ElementTree as ElementTree

import parallax
from parallax.figure.waterfall import read_waterfall
from parallax.figure.waterfall_svg import in_percent, ticks

try:
    import matplotlib
except ImportError:
    matplotlib = None

REPORT = json.loads((pathlib.Path(__file__).resolve().parents[1] / "report.json").read_text())
SVG = "{http://www.w3.org/2000/svg}"


def report(**changes):
    return parallax.Report.of_json(json.dumps({**copy.deepcopy(REPORT), **changes}))


class WordsTest(unittest.TestCase):
    def test_an_identified_cause_is_named_with_what_it_stands_for_and_its_value(self):
        one = report()
        self.assertEqual(str(one.verdict), "The gap comes from eta (coupling).")
        self.assertEqual((one.verdict.kind, one.verdict.parameters), ("IDENTIFIED", ("eta",)))
        lines = one.explain().splitlines()
        self.assertIn("eta is 1.719 (sd 0.3457) where 0.9 was assumed.", lines)
        self.assertIn("Confidence over 99 %: the gap is caused by eta", lines[1])
        self.assertTrue(any("refused: coverage 50 %" in line for line in lines), lines)

    def test_every_kind_of_verdict_has_its_sentence(self):
        for kind, part in (("NO_GAP", "agree"), ("SENSOR_FAULT", "recorder/temperature"),
                           ("AMBIGUOUS", "eta (coupling) and G"), ("UNMODELLED", "does not model"),
                           ("ABSTAINED", "No verdict")):
            verdict = {"kind": kind, "group": ["eta", "G"], "channels": ["recorder/temperature"]}
            one = report(verdict=verdict)
            self.assertIn(part, one.verdict.sentence)
            self.assertTrue(one.explain().startswith(one.verdict.sentence))

    def test_what_a_report_lacks_is_left_out(self):
        one = parallax.Report.of_json('{"verdict": {"kind": "NO_GAP"}}')
        self.assertEqual(one.explain(), "Rig and twin agree within the noise.")
        with self.assertRaises(parallax.NotFound):
            one.plot()
        self.assertIn("no gap to divide", one._repr_html_())


class WaterfallTest(unittest.TestCase):
    def test_steps_lead_from_all_of_the_gap_to_nothing(self):
        bars = read_waterfall(REPORT).bars
        self.assertEqual((bars[0].kind, bars[0].begin), ("gap", 1.0))
        self.assertEqual([bar.kind for bar in bars[-2:]], ["unexplained", "measurement"])
        for before, after in zip(bars, bars[1:]):
            self.assertEqual(after.begin, before.end)
        left = sum(part["shapley"] for part in REPORT["attribution"]) + REPORT["unexplained"]
        self.assertAlmostEqual(bars[-1].end, 1.0 - left, places=12)
        self.assertAlmostEqual(bars[-1].share, 0.05689 / 85.08)
        widening = [bar.share < 0.0 for bar in bars[1:-2]]
        self.assertEqual(widening, sorted(widening, reverse=True))
        self.assertEqual([bar.name for bar in bars if bar.kind == "blamed"], ["eta"])

    def test_shares_of_a_campaign_are_parts_of_its_mean_square(self):
        square = {"before": 5.0, "after": 1.0, "floor": 0.1}
        waterfall = read_waterfall({**REPORT, "gap": {**REPORT["gap"], "value": 0.4, "mean_square": square}})
        self.assertAlmostEqual(waterfall.bars[-1].share, 0.02)
        self.assertIn("mean squared residual: 5 as assumed, 1 at the best fit", waterfall.caption)

    def test_a_group_that_cannot_be_told_apart_is_one_blamed_bar(self):
        group = {"name": "A or C", "parameters": ["A", "C"], "shapley": 0.9, "low": 0.8, "high": 0.95}
        parts = [{"parameter": name, "shapley": None, "low": None, "high": None} for name in ("A", "C")]
        bars = read_waterfall({**REPORT, "attribution": parts, "attribution_group": group, "unexplained": 0.1}).bars
        self.assertEqual([bar.name for bar in bars], ["gap", "A or C", "unexplained", "measurement"])
        self.assertEqual((bars[1].kind, bars[1].low, bars[1].high), ("blamed", 0.8, 0.95))

    def test_small_ones_are_joined_and_blamed_ones_are_not(self):
        parts = [{"parameter": f"p{i}", "shapley": 0.001} for i in range(5)]
        parts += [{"parameter": f"q{i}", "shapley": 0.05 + 0.01 * i} for i in range(11)]
        data = {"verdict": {"parameters": ["p0"]}, "gap": {"value": 2.0}, "unexplained": 0.0,
                "attribution": parts}
        names = [bar.name for bar in read_waterfall(data).bars]
        self.assertIn("p0", names)
        self.assertIn("6 others", names)
        self.assertEqual(len(names), 1 + 10 + 1 + 2)

    def test_the_svg_has_a_bar_a_row_and_a_whisker_an_interval(self):
        root = ElementTree.fromstring(report().plot().svg)
        bars = read_waterfall(REPORT).bars
        self.assertEqual(len(root.findall(f"{SVG}rect[@class='bar']")), len(bars))
        self.assertEqual(len(root.findall(f"{SVG}path[@class='whisker']")),
                         sum(bar.has_interval for bar in bars))
        texts = [text.text for text in root.iter(f"{SVG}text")]
        for text in ("unexplained", "measurement", "81 % (70 to 90)", "blamed by the verdict"):
            self.assertIn(text, texts)

    def test_names_cannot_break_out_of_the_page(self):
        evil = "<script>&\"'\x01"
        changed = copy.deepcopy(REPORT)
        changed["attribution"][0].update(parameter=evil, mechanism=evil)
        changed["calibrated"][0].update(parameter=evil, unit=evil)
        changed["verdict"].update(parameters=[evil], because=evil)
        one = parallax.Report.of_json(json.dumps(changed))
        self.assertNotIn("<script", one._repr_html_())
        ElementTree.fromstring(one.plot().svg)

    def test_a_figure_is_saved_as_a_file(self):
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "waterfall.svg"
            report().plot().save(path)
            self.assertEqual(ElementTree.parse(path).getroot().tag, f"{SVG}svg")

    def test_ticks_and_percents(self):
        self.assertEqual([round(tick, 9) for tick in ticks(0.0, 1.0, 5)], [0.0, 0.5, 1.0])
        self.assertEqual([in_percent(x) for x in (0.81, 0.0043, -0.0433, 1e-6, 0.0996)],
                         ["81", "0.43", "-4.3", "0", "10"])
        self.assertTrue(all(math.isfinite(tick) for tick in ticks(-1e-3, 3.7, 5)))

    @unittest.skipIf(matplotlib is None, "matplotlib is not installed")
    def test_matplotlib_draws_the_same_bars(self):
        from matplotlib.figure import Figure
        axes = Figure().subplots()
        self.assertIs(report().plot(axes), axes)
        bars = read_waterfall(REPORT).bars
        self.assertEqual(len(axes.patches), len(bars))
        self.assertAlmostEqual(axes.patches[1].get_width(), 100.0 * abs(bars[1].share))
        self.assertEqual(len(axes.lines), sum(bar.has_interval for bar in bars))
