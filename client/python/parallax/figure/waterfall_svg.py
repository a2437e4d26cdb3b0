"""The waterfall as SVG."""

import math

from parallax.figure import style
from parallax.figure.svg import Drawing, shorten, text_width
from parallax.figure.waterfall import BLAMED, GAP, MEASUREMENT, UNEXPLAINED, WEIGHED

COLOURS = {GAP: style.NEUTRAL, BLAMED: style.BLAMED, WEIGHED: style.SUSPECT,
           UNEXPLAINED: style.NEUTRAL, MEASUREMENT: style.PALE}
KEY = ((BLAMED, "blamed by the verdict"), (WEIGHED, "weighed and not blamed"))
TITLE = "Where the gap comes from"

_WIDTH = 720.0
_NAME_WIDTH = 165.0
_FIGURE_WIDTH = 108.0
_ROW = 34.0
_BAR = 18.0
_CAP = 4.0  # half a whisker's end


class _Axis:
    """Maps parts of the gap to px, linearly."""

    def __init__(self, low, high, begin, end):
        self.low, self.high = low, high
        self._begin, self._scale = begin, (end - begin) / (high - low)

    def at(self, share):
        return self._begin + (share - self.low) * self._scale


def draw_waterfall(waterfall):
    """The Figure of a Waterfall: a row a bar, with its name, its whisker and its figures."""
    drawing = Drawing(_WIDTH)
    top = drawing.paragraph(0.0, TITLE, style.HEADING_SIZE, style.INK, bold=True) + 2.0
    top = drawing.paragraph(top, waterfall.caption, style.SMALL_SIZE, style.MUTED) + 8.0
    top = _draw_key(drawing, waterfall, top)
    low, high = share_range(waterfall)
    axis = _Axis(low, high, _NAME_WIDTH + 8.0, _WIDTH - _FIGURE_WIDTH - 8.0)
    bottom = top + _ROW * len(waterfall.bars)
    for tick in ticks(low, high, 5):
        x = axis.at(tick)
        drawing.line("grid", x, top, x, bottom, style.GRID)
        drawing.text(x, bottom + 15.0, f"{in_percent(tick)} %", style.SMALL_SIZE, style.MUTED, "middle")
    for i, bar in enumerate(waterfall.bars):
        row = top + _ROW * i
        if i + 1 < len(waterfall.bars):
            x = axis.at(bar.end)
            drawing.line("link", x, row + 0.5 * (_ROW + _BAR), x, row + 1.5 * _ROW - 0.5 * _BAR,
                         style.NEUTRAL)
        _draw_bar(drawing, bar, axis, row + 0.5 * _ROW)
    return drawing.finish(bottom + 22.0, TITLE)


def share_range(waterfall):
    """(low, high) that hold every bar and whisker, whiskers only as far as they can be read beside bars."""
    ends = [share for bar in waterfall.bars for share in (bar.begin, bar.begin - bar.share)]
    low, high = min(0.0, *ends), max(1.0, *ends)
    reach = 0.25 * (high - low)
    spans = [(bar.begin - bar.high, bar.begin - bar.low) for bar in waterfall.bars if bar.has_interval]
    return (min([low] + [max(left, low - reach) for left, _ in spans]),
            max([high] + [min(right, high + reach) for _, right in spans]))


def ticks(low, high, most):
    """At most about `most` round numbers within [low, high]."""
    step = (high - low) / (most - 1)
    decade = 10.0**math.floor(math.log10(step))
    step = next((factor * decade for factor in (1.0, 2.0, 5.0) if step <= factor * decade), 10.0 * decade)
    # A tick on an end belongs to the axis whatever rounding does to it.
    slack = 1e-9
    return [k * step for k in range(math.ceil(low / step - slack), math.floor(high / step + slack) + 1)]


def in_percent(share):
    """Two digits, so that a small share is not 0; what is nothing beside a percent is."""
    if abs(share) < 5e-5:
        return "0"
    return format(100.0 * share, ".2g") if abs(share) < 0.0995 else format(100.0 * share, ".0f")


def label_of(bar):
    """"81 % (70 to 90)": a bar's figures in percent of the gap as assumed."""
    interval = f" ({in_percent(bar.low)} to {in_percent(bar.high)})" if bar.has_interval else ""
    return f"{in_percent(bar.share)} %{interval}"


def _draw_key(drawing, waterfall, top):
    x = 0.0
    for kind, text in KEY:
        if any(bar.kind == kind for bar in waterfall.bars):
            drawing.rectangle("key", x, top - 1.0, 9.0, 9.0, COLOURS[kind])
            drawing.text(x + 14.0, top + 8.0, text, style.SMALL_SIZE, style.MUTED)
            x += 28.0 + text_width(text, style.SMALL_SIZE)
    return top + 20.0 if x else top


def _draw_bar(drawing, bar, axis, middle):
    drawing.text(0.0, middle - 1.5 if bar.detail else middle + 4.5,
                 shorten(bar.name, style.TEXT_SIZE, _NAME_WIDTH), bold=bar.kind == BLAMED)
    if bar.detail:
        drawing.text(0.0, middle + 11.5, shorten(bar.detail, style.SMALL_SIZE, _NAME_WIDTH),
                     style.SMALL_SIZE, style.MUTED)
    left = axis.at(min(bar.begin, bar.begin - bar.share))
    right = axis.at(max(bar.begin, bar.begin - bar.share))
    drawing.rectangle("bar", left, middle - 0.5 * _BAR, max(right - left, 1.0), _BAR, COLOURS[bar.kind])
    if bar.has_interval:
        left = axis.at(max(bar.begin - bar.high, axis.low))
        right = axis.at(min(bar.begin - bar.low, axis.high))
        drawing.line("whisker", left, middle, right, middle, style.INK, 1.4)
        for x in (left, right):
            drawing.line("cap", x, middle - _CAP, x, middle + _CAP, style.INK, 1.4)
    drawing.text(drawing.width, middle + 4.5, label_of(bar), style.SMALL_SIZE, style.INK, "end")
