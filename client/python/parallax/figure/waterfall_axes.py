"""The waterfall on axes of matplotlib, which is optional: the caller brings the axes."""

from parallax.figure import style
from parallax.figure.waterfall_svg import COLOURS, TITLE, label_of, share_range


def draw_on_axes(waterfall, axes):
    """Draws a Waterfall, the gap at the top, and returns the axes; the x axis is in percent."""
    for row, bar in enumerate(waterfall.bars):
        left = 100.0 * min(bar.begin, bar.begin - bar.share)
        axes.barh(row, 100.0 * abs(bar.share), left=left, height=0.55, color=COLOURS[bar.kind])
        if bar.has_interval:
            axes.plot([100.0 * (bar.begin - bar.high), 100.0 * (bar.begin - bar.low)], [row, row],
                      color=style.INK, linewidth=1.4, marker="|")
    low, high = share_range(waterfall)
    axes.set_xlim(100.0 * low, 100.0 * high)
    axes.set_yticks(range(len(waterfall.bars)))
    axes.set_yticklabels([f"{bar.name}  {label_of(bar)}" for bar in waterfall.bars])
    axes.invert_yaxis()
    axes.set_xlabel("% of the gap as assumed")
    axes.set_title(TITLE)
    return axes
