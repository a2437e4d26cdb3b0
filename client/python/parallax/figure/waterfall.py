"""From the gap as assumed, step by step, to nothing."""

import dataclasses
import math

from parallax.errors import NotFound
from parallax.report_text import figure

GAP, BLAMED, WEIGHED, UNEXPLAINED, MEASUREMENT = "gap", "blamed", "weighed", "unexplained", "measurement"

_LEAST_SHARE = 0.005
_MOST_STEPS = 10


@dataclasses.dataclass(frozen=True)
class Bar:
    """One step. Figures are parts of the gap as assumed, 1 = all of it.

    kind       GAP, BLAMED, WEIGHED, UNEXPLAINED or MEASUREMENT
    name       of the parameter
    detail     small print; may be empty
    share      what it takes away; below 0 where it adds
    low, high  90 % interval of the share; nan where there is none
    begin      gap before this step; begin - share is left after it
    """

    kind: str
    name: str
    detail: str
    share: float
    low: float = math.nan
    high: float = math.nan
    begin: float = 1.0

    @property
    def end(self):
        """Gap after this step; the gap itself takes nothing away."""
        return self.begin if self.kind == GAP else self.begin - self.share

    @property
    def has_interval(self):
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclasses.dataclass(frozen=True)
class Waterfall:
    """bars: the gap first, measurement last; caption: in its own figures what is divided."""

    bars: tuple
    caption: str


def read_waterfall(data):
    """The Waterfall of a report's JSON, the same as the CLI's figure.

    The gap as assumed (a campaign's mean square: its shares are parts of that), what each assumption takes
    away (those that widen it first, then the largest first; those below half a percent that nobody blames as
    one bar), what nothing explains, and what measurement alone may leave: the gap under which 95 % of perfect
    twins stay, at most what is left. Errors: NotFound where the report divides no gap.
    """
    name, gap = _divided(data.get("gap") or {})
    left, value = _number(data.get("unexplained")), _number(gap.get("value"))
    if not math.isfinite(left) or not value > 0.0:
        raise NotFound("there was no gap to divide among assumptions", field="gap.value",
                       value=figure(gap.get("value")), bound="> 0")
    steps = sorted(_joined(_steps(data)), key=lambda bar: (bar.share >= 0.0, -abs(bar.share)))
    floor = _number(gap.get("floor")) / value
    measurement = min(max(floor, 0.0), max(left, 0.0)) if math.isfinite(floor) else 0.0
    steps.append(Bar(UNEXPLAINED, "unexplained", "by any assumption", left - measurement))
    steps.append(Bar(MEASUREMENT, "measurement", "a perfect twin's gap", measurement))
    bars = [Bar(GAP, "gap", "everything as assumed", 1.0)]
    for step in steps:
        bars.append(dataclasses.replace(step, begin=bars[-1].end))
    return Waterfall(tuple(bars), _caption(name, gap))


def _divided(gap):
    """What shares are parts of: a campaign's mean square, else the gap itself; its name, and value, after, floor."""
    square = gap.get("mean_square") or {}
    if math.isfinite(_number(square.get("before"))):
        return "mean squared residual", {**square, "value": square["before"]}
    return "gap", gap


def _steps(data):
    verdict = data.get("verdict") or {}
    blamed = list(verdict.get("parameters") or ()) + list(verdict.get("group") or ())
    for part in data.get("attribution") or ():
        share = _number(part.get("shapley"))
        if not math.isfinite(share):
            continue
        name = str(part.get("parameter"))
        detail = (part.get("mechanism") or "").replace("_", " ")
        yield Bar(BLAMED if name in blamed else WEIGHED, name, "" if detail == name else detail, share,
                  _number(part.get("low")), _number(part.get("high")))
    group = data.get("attribution_group") or {}
    if math.isfinite(_number(group.get("shapley"))):
        yield Bar(BLAMED, str(group.get("name")), "cannot be told apart", _number(group["shapley"]),
                  _number(group.get("low")), _number(group.get("high")))


def _joined(steps):
    """Those that matter, and the others as one: blamed before weighed, then by size."""
    ordered = sorted(steps, key=lambda bar: (bar.kind != BLAMED, -abs(bar.share)))
    kept = [bar for bar in ordered if bar.kind == BLAMED or abs(bar.share) >= _LEAST_SHARE][:_MOST_STEPS]
    others = [bar.share for bar in ordered[len(kept):] if bar.share != 0.0]
    if others:
        detail = (f"below {100.0 * _LEAST_SHARE:g} % each" if len(kept) < _MOST_STEPS
                  else "each smaller than these")
        name = f"{len(others)} other" + ("" if len(others) == 1 else "s")
        kept.append(Bar(WEIGHED, name, detail, math.fsum(others)))
    return kept


def _caption(name, gap):
    caption = f"In parts of the {name}: {figure(gap.get('value'))} as assumed"
    if math.isfinite(_number(gap.get("after"))):
        caption += f", {figure(gap['after'])} at the best fit"
    return (caption + f"; 95 % of perfect twins stay under {figure(gap.get('floor'))}. "
            "Whiskers: 90 % intervals.")


def _number(value):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if is_number else math.nan
