"""Times at the edge: whole nanoseconds since the Unix epoch inside, never a double."""

import datetime

import numpy as np
from google.protobuf import timestamp_pb2

from parallax.errors import invalid_field

_NS_PER_S = 1_000_000_000
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
# Far beyond any clock, and near enough to zero that the distance of two times fits 64 bits.
MAX_TIME_NS = 2**62
_BOUND = ("whole nanoseconds since the Unix epoch, at most 2^62; an aware datetime, numpy.datetime64, "
          "pandas.Timestamp or RFC 3339 text also do")


def unix_ns(time, field="time"):
    """`time` as an int [ns since the Unix epoch].

    time   int, aware datetime, numpy.datetime64 (UTC), aware pandas.Timestamp, "2026-11-28T18:05:00Z"
    Errors: InvalidArgument for a naive datetime, a float (which has no nanoseconds left) and all else.
    """
    if isinstance(time, (int, np.integer)) and not isinstance(time, bool):
        time_ns = int(time)
    elif isinstance(time, np.datetime64) and not np.isnat(time):
        time_ns = int(time.astype("datetime64[ns]").astype(np.int64))
    elif isinstance(time, datetime.datetime) and time.utcoffset() is not None:
        whole_us = (time - _EPOCH) // datetime.timedelta(microseconds=1)
        # A pandas.Timestamp is a datetime with nanoseconds beyond its microseconds.
        time_ns = int(whole_us) * 1000 + getattr(time, "nanosecond", 0)
    elif isinstance(time, str):
        time_ns = _parse(time, field)
    else:
        raise invalid_field(field, repr(time), _BOUND)
    if abs(time_ns) > MAX_TIME_NS:
        raise invalid_field(field, time_ns, _BOUND)
    return time_ns


def unix_ns_array(times, field="times"):
    """`times` as an int64 array of shape (n,) [ns since the Unix epoch].

    times  int64 array, datetime64 array (UTC), DatetimeIndex, or a sequence of what unix_ns takes
    Errors: InvalidArgument as unix_ns; where it is not one-dimensional.
    """
    array = np.asarray(times)
    if array.dtype.kind == "M" and not np.isnat(array).any():
        array = array.astype("datetime64[ns]").astype(np.int64)
    elif array.dtype.kind == "u":
        array = np.array([unix_ns(int(time), field) for time in array.ravel()]).reshape(array.shape)
    elif array.dtype.kind != "i":
        array = np.array([unix_ns(time, f"{field}[{i}]") for i, time in enumerate(times)],
                         dtype=np.int64)
    array = array.astype(np.int64)
    if array.ndim != 1:
        raise invalid_field(field, f"an array of shape {array.shape}", "of shape (n,)")
    if array.size and max(abs(int(array.min())), abs(int(array.max()))) > MAX_TIME_NS:
        raise invalid_field(field, "a time beyond 2^62 ns", _BOUND)
    return array


def timestamp(time, field="time"):
    """`time` as a protobuf Timestamp. Errors: as unix_ns."""
    seconds, nanos = divmod(unix_ns(time, field), _NS_PER_S)
    return timestamp_pb2.Timestamp(seconds=seconds, nanos=nanos)


def timestamp_ns(stamp):
    """A protobuf Timestamp as an int [ns since the Unix epoch]."""
    return stamp.seconds * _NS_PER_S + stamp.nanos


def aware_datetime(stamp):
    """A protobuf Timestamp as a datetime in UTC, to the microsecond."""
    return _EPOCH + datetime.timedelta(microseconds=timestamp_ns(stamp) // 1000)


def _parse(text, field):
    stamp = timestamp_pb2.Timestamp()
    try:
        stamp.FromJsonString(text)
    except ValueError:
        raise invalid_field(field, f'"{text}"', "RFC 3339 text, 2026-11-28T18:05:00Z") from None
    return timestamp_ns(stamp)
