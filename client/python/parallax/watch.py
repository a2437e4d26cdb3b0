"""What happens to rigs, runs, parameter sets and jobs, on one stream with one order."""

import time

import grpc

from parallax.errors import OutOfRange, Unavailable, from_rpc, invalid_field
from parallax.times import timestamp
from parallax.v1 import watch_pb2

_DETAILS = ("state", "health", "points")
_RECONNECT_WAIT_S = 0.2


def watch(connection, names, detail="state", cursor="", backfill_start=None):
    """Yields parallax.v1.WatchResponse messages; see Client.watch."""
    if detail not in _DETAILS:
        raise invalid_field("detail", repr(detail), "one of " + ", ".join(_DETAILS))
    request = watch_pb2.WatchRequest(names=names, cursor=cursor,
                                     detail=watch_pb2.WatchDetail.Value(f"WATCH_DETAIL_{detail.upper()}"))
    if backfill_start is not None:
        request.backfill_start_time.CopyFrom(timestamp(backfill_start, "backfill_start"))
    return _follow(connection, request)


def _follow(connection, request):
    given = request.cursor  # only its owner knows what it had seen
    newest = {}  # source time [ns] by run and channel
    give_up_at = time.monotonic() + connection.timeout_s
    while True:
        call = connection.query.Watch(request)
        try:
            for event in call:
                give_up_at = time.monotonic() + connection.timeout_s
                _note(event, request, newest)
                yield event
            return
        except grpc.RpcError as error:
            failure = from_rpc(error)
        finally:
            call.cancel()
        if isinstance(failure, OutOfRange) and request.cursor != given:
            _begin_anew(request, newest)
            continue
        if not isinstance(failure, Unavailable) or time.monotonic() >= give_up_at:
            raise failure
        time.sleep(_RECONNECT_WAIT_S)


def _note(event, request, newest):
    """Remembers where to go on after a lost link."""
    for channel in event.points.channels:
        key = (event.points.run, channel.channel)
        newest[key] = max(newest.get(key, channel.time_unix_ns[0]), max(channel.time_unix_ns))
    if event.cursor:
        request.cursor = event.cursor
        request.ClearField("backfill_start_time")


def _begin_anew(request, newest):
    """Asks for what a cursor no longer reaches by the source time that was seen of every channel."""
    request.cursor = ""
    if newest:
        request.backfill_start_time.CopyFrom(timestamp(min(newest.values())))
