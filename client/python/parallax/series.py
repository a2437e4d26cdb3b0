"""Samples of one channel of a run."""

import dataclasses
import enum

import numpy as np

from parallax.errors import invalid_field
from parallax.frames import pandas
from parallax.times import timestamp
from parallax.v1 import query_pb2

_LEVELS = ("good", "uncertain", "bad")


class Form(str, enum.Enum):
    """Which form of a series is wanted."""

    RAW = "raw"              # as sent
    FILTERED = "filtered"    # after cleaning: flags with reasons, values smoothed where good
    DECIMATED = "decimated"  # first, last, least and greatest of equal time buckets; extremes are exact

    @classmethod
    def of(cls, form):
        """From itself or its name. Errors: InvalidArgument."""
        try:
            return cls(form)
        except ValueError:
            raise invalid_field("form", repr(form), " or ".join(f'"{one.value}"' for one in cls)) from None


# Parallel fields of GetSeriesResponse that a form fills, in the order of the columns.
_FIELDS = {
    Form.RAW: ("time_unix_ns", "value", "quality"),
    Form.FILTERED: ("time_unix_ns", "value", "quality", "sd"),
    Form.DECIMATED: ("time_unix_ns", "value", "minimum", "maximum", "first", "count"),
}
_DTYPES = {"time_unix_ns": np.int64, "quality": np.uint8, "count": np.uint64}


@dataclasses.dataclass(frozen=True)
class Samples:
    """What was read of a series.

    channel  as asked for
    unit     UCUM code of value, sd, minimum, maximum and first
    array    structured array of shape (n,), in order of (source time, arrival):
               time_unix_ns  int64    source time [ns since the Unix epoch]; of a bucket, its start
               value         float64  bit for bit as sent; filtered: smoothed; of a bucket, its last
               quality       uint8    level in the high nibble (0 good, 1 uncertain, 2 bad), reason in the
                                      low; the daemon marks what lies outside the channel's range.
                                      Not decimated
               sd            float64  filtered only
               minimum, maximum, first  float64 and count  uint64: decimated only; count 0 is a gap
    """

    channel: str
    unit: str
    array: np.ndarray

    @property
    def level(self):
        """Quality of each sample, 0 good, 1 uncertain, 2 bad; uint8 of shape (n,). Not decimated."""
        return self.array["quality"] >> 4

    def to_dataframe(self):
        """A DataFrame with a UTC index "time" and the array's other fields as columns.

        quality becomes "good", "uncertain" or "bad", with its reason in a column of its own; `attrs`
        hold channel and unit. Errors: ImportError without pandas.
        """
        pd = pandas()
        columns = {name: self.array[name] for name in self.array.dtype.names if name != "time_unix_ns"}
        if "quality" in columns:
            columns["quality"] = pd.Categorical.from_codes(np.minimum(self.level, 2), _LEVELS)
            columns["reason"] = self.array["quality"] & 0x0F
        index = pd.DatetimeIndex(self.array["time_unix_ns"].view("datetime64[ns]"), name="time", tz="UTC")
        frame = pd.DataFrame(columns, index=index)
        frame.attrs.update(channel=self.channel, unit=self.unit)
        return frame


class Series:
    """A channel of a run, in one form and range; every read asks the daemon anew."""

    def __init__(self, connection, run, channel, form, start, end, buckets):
        self._connection = connection
        self._form = Form.of(form)
        self._request = query_pb2.GetSeriesRequest(
            run=run, channel=channel, buckets=buckets or 0,
            form=query_pb2.SeriesForm.Value(f"SERIES_FORM_{self._form.name}"))
        if start is not None:
            self._request.start_time.CopyFrom(timestamp(start, "start"))
        if end is not None:
            self._request.end_time.CopyFrom(timestamp(end, "end"))

    def read(self):
        """The Samples. Errors: NotFound (run, channel), InvalidArgument (range, buckets),
        FailedPrecondition (filtered, of a channel with fewer than four good samples), DataLoss."""
        fields = _FIELDS[self._form]
        parts = {field: [] for field in fields}
        unit = ""
        for part in self._connection.parts(self._connection.query.GetSeries, self._request):
            unit = part.unit or unit
            for field in fields:
                parts[field].append(_array(field, getattr(part, field)))
        rows = sum(len(part) for part in parts["time_unix_ns"])
        array = np.empty(rows, dtype=[(field, _dtype(field)) for field in fields])
        for field in fields:
            if parts[field]:
                array[field] = np.concatenate(parts[field])
        return Samples(self._request.channel, unit, array)

    def to_numpy(self):
        """The structured array of Samples. Errors: as read."""
        return self.read().array

    def to_dataframe(self):
        """See Samples.to_dataframe. Errors: as read; ImportError without pandas."""
        pandas()  # before anything is read
        return self.read().to_dataframe()


def _dtype(field):
    return _DTYPES.get(field, np.float64)


def _array(field, values):
    if isinstance(values, bytes):
        return np.frombuffer(values, dtype=np.uint8)
    return np.fromiter(values, dtype=_dtype(field), count=len(values))
