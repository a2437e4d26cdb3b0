"""A drawing that becomes SVG; lengths are CSS pixels, y grows downwards."""

import html
import pathlib
import textwrap

from parallax.figure import style

# Mean width of a character over its font size; texts are broken and cut by it.
_CHARACTER_WIDTH = 0.56


class Figure:
    """A finished drawing; a notebook shows it.

    svg  the whole figure as one <svg> element
    """

    def __init__(self, svg):
        self.svg = svg

    def save(self, path):
        """Writes the SVG to a file."""
        pathlib.Path(path).write_text('<?xml version="1.0" encoding="UTF-8"?>\n' + self.svg,
                                      encoding="utf-8")

    def _repr_svg_(self):
        return self.svg

    def _repr_html_(self):
        return self.svg


class Drawing:
    """Collects shapes. One owner.

    width  of the figure [px]
    """

    def __init__(self, width):
        self.width = width
        self._elements = []

    def text(self, x, y, text, size=style.TEXT_SIZE, colour=style.INK, anchor="start", bold=False):
        """One line with its baseline at (x, y); anchor "start", "middle" or "end"."""
        weight = ' font-weight="bold"' if bold else ""
        self._elements.append(f'<text x="{_px(x)}" y="{_px(y)}" font-size="{_px(size)}" fill="{colour}" '
                              f'text-anchor="{anchor}"{weight}>{_escape(text)}</text>')

    def paragraph(self, top, text, size, colour, bold=False):
        """Lines as wide as the figure; returns where the next one would begin."""
        columns = int(self.width / (_CHARACTER_WIDTH * size))
        for line in textwrap.wrap(text, columns):
            self.text(0.0, top + size, line, size, colour, bold=bold)
            top += size * style.LINE_HEIGHT
        return top

    def line(self, role, x1, y1, x2, y2, colour, width=1.0):
        self._elements.append(f'<path class="{role}" d="M{_px(x1)} {_px(y1)}L{_px(x2)} {_px(y2)}" '
                              f'fill="none" stroke="{colour}" stroke-width="{_px(width)}"/>')

    def rectangle(self, role, x, y, width, height, colour):
        self._elements.append(f'<rect class="{role}" x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" '
                              f'height="{_px(height)}" fill="{colour}"/>')

    def finish(self, height, title):
        """The Figure, on paper of its own: a notebook may be dark."""
        margin = 12.0
        box = (f"{_px(-margin)} {_px(-margin)} {_px(self.width + 2.0 * margin)} "
               f"{_px(height + 2.0 * margin)}")
        outer = f'width="{_px(self.width + 2.0 * margin)}" height="{_px(height + 2.0 * margin)}"'
        paper = (f'<rect x="{_px(-margin)}" y="{_px(-margin)}" {outer} fill="{style.PAPER}"/>')
        return Figure(f'<svg xmlns="http://www.w3.org/2000/svg" {outer} viewBox="{box}" role="img" '
                      f'style="max-width:100%;height:auto" font-family="{style.FONT}">'
                      f"<title>{_escape(title)}</title>{paper}" + "\n".join(self._elements) + "</svg>")


def shorten(text, size, width):
    """The text, cut with an ellipsis where it is wider than `width` [px]."""
    most = max(int(width / (_CHARACTER_WIDTH * size)), 1)
    return text if len(text) <= most else text[:most - 1] + "…"


def text_width(text, size):
    """Estimated width [px]."""
    return _CHARACTER_WIDTH * size * len(text)


def _px(value):
    """At most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _escape(text):
    """Text of XML 1.0, which has no control characters."""
    return html.escape("".join(" " if ord(c) < 0x20 else c for c in text))
