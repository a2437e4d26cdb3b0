"""An attribution report."""

import dataclasses
import hashlib
import html
import json

from parallax.errors import DataLoss, NotFound
from parallax.figure.waterfall import read_waterfall
from parallax.figure.waterfall_axes import draw_on_axes
from parallax.figure.waterfall_svg import draw_waterfall
from parallax.frames import pandas
from parallax.report_text import explain, figure, unit_text, verdict_sentence
from parallax.v1 import analysis_pb2, resources_pb2

_SHOWN_VALUES = 12


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a report concludes; as text, the verdict in one sentence.

    kind        "NO_GAP", "SENSOR_FAULT", "IDENTIFIED", "AMBIGUOUS", "UNMODELLED" or "ABSTAINED"
    parameters  the cause, where it is IDENTIFIED
    group       those among which the cause is, where it is AMBIGUOUS
    channels    those at fault, where it is a SENSOR_FAULT
    confidence  probability of being right, 0 to 1; None where none is claimed
    because     why, in the report's own words
    """

    kind: str
    parameters: tuple
    group: tuple
    channels: tuple
    confidence: float | None
    because: str
    sentence: str

    def __str__(self):
        return self.sentence


class Report:
    """A report as stored; its JSON is read when it is first needed.

    message  parallax.v1.Report
    """

    def __init__(self, connection, message):
        self._connection = connection
        self.message = message
        self._data = None

    @classmethod
    def read(cls, connection, name):
        """Errors: NotFound, InvalidArgument (malformed name), DataLoss (its bytes fail their hash)."""
        report = cls(connection, connection.call(connection.analysis.GetReport,
                                                 analysis_pb2.GetReportRequest(name=name)).report)
        report._check()
        return report

    @classmethod
    def of_json(cls, text):
        """A report from its canonical JSON (bytes or str), without a daemon."""
        raw = text.encode() if isinstance(text, str) else text
        return cls(None, resources_pb2.Report(json=raw, sha256=hashlib.sha256(raw).hexdigest()))

    @property
    def name(self):
        """"rigs/r7/reports/1"."""
        return self.message.name

    @property
    def superseded(self):
        """Whether late data or another outcome of one of its runs came after it."""
        return self.message.superseded

    @property
    def parameter_set(self):
        """Name of the set that the analysis registered; None where it calibrated nothing."""
        return self.message.parameter_set or None

    @property
    def json(self):
        """The whole report as canonical JSON, bytes: the same inputs give the same bytes."""
        if not self.message.json:  # listed without
            self.message = Report.read(self._connection, self.name).message
        return self.message.json

    @property
    def data(self):
        """The JSON as a dict, schema parallax-report/1."""
        if self._data is None:
            self._data = json.loads(self.json)
        return self._data

    @property
    def verdict(self):
        """The Verdict."""
        verdict = self.data["verdict"]
        return Verdict(verdict["kind"], tuple(verdict.get("parameters") or ()),
                       tuple(verdict.get("group") or ()), tuple(verdict.get("channels") or ()),
                       verdict.get("confidence"), verdict.get("because") or "",
                       verdict_sentence(self.data))

    def explain(self):
        """What the report says, a sentence a line: verdict, why, values, gap, validation, what next."""
        return explain(self.data)

    def attribution(self):
        """The share of each assumption, a DataFrame in the report's order: parameter, mechanism, shapley
        with its 90 % interval (low, high) in parts of the gap as assumed, pip (probability of being among
        the causes) and more. Errors: ImportError without pandas."""
        return pandas().DataFrame(self.data.get("attribution") or [])

    def plot(self, axes=None):
        """The waterfall from the gap as assumed to nothing: what each assumption takes away, with its
        90 % interval, what nothing explains, and what measurement alone may leave.

        axes  matplotlib axes to draw on; they are returned. None: a Figure of this package's own, which
              a notebook shows and `save` writes as SVG
        Errors: NotFound where there was no gap to divide.
        """
        waterfall = read_waterfall(self.data)
        if axes is not None:
            return draw_on_axes(waterfall, axes)
        return draw_waterfall(waterfall)

    def _repr_html_(self):
        """For notebooks: the verdict, the waterfall as inline SVG and the calibrated values."""
        data = self.data
        lines = [html.escape(line) for line in self.explain().splitlines()]
        parts = [f"<p><b>{lines[0]}</b></p>", "<p>" + "<br>".join(lines[1:]) + "</p>"]
        try:
            parts.append(self.plot().svg)
        except NotFound as nothing:
            parts.append(f"<p>{html.escape(nothing.message)}</p>")
        return "<div>" + "".join(parts) + _values_table(data) + "</div>"

    def _check(self):
        if hashlib.sha256(self.message.json).hexdigest() != self.message.sha256:
            raise DataLoss(f"the bytes of {self.name} do not have the hash {self.message.sha256}")

    def __repr__(self):
        return f"<Report {self.name or 'of JSON'}>"


def _values_table(data):
    values = data.get("calibrated") or []
    if not values:
        return ""
    rows = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in (
        value["parameter"], value.get("run") or "", figure(value.get("assumed")),
        figure(value.get("value")), figure(value.get("sd")), unit_text(value.get("unit"))))
                   + "</tr>" for value in values[:_SHOWN_VALUES])
    more = len(values) - _SHOWN_VALUES
    note = f"<p>and {more} more in .data[\"calibrated\"]</p>" if more > 0 else ""
    head = "".join(f"<th>{name}</th>" for name in ("parameter", "run", "assumed", "value", "sd", "unit"))
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{note}"
