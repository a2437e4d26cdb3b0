"""Errors of the daemon and of this client, one class a canonical status code."""

import grpc

from parallax.v1 import error_pb2

# Trailer that holds a serialised parallax.v1.Status; see proto/parallax/v1/error.proto.
DETAILS_TRAILER = "grpc-status-details-bin"


class ParallaxError(Exception):
    """What was refused, and what to do about it.

    code       canonical status code, "NOT_FOUND"
    message    the whole error in one line
    field      path of what is wrong, "rig.devices[0].channels[2].unit"; empty where none is named
    value      what was found there, as text
    bound      what it violates, as text: "> 0", "a UCUM code"
    next_step  what to do, 'did you mean "Cel"?'
    """

    code = "UNKNOWN"

    def __init__(self, message, *, field="", value="", bound="", next_step=""):
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value
        self.bound = bound
        self.next_step = next_step

    def __str__(self):
        if self.next_step and self.next_step not in self.message:
            return f"{self.code}: {self.message}; {self.next_step}"
        return f"{self.code}: {self.message}"


class Cancelled(ParallaxError):
    """Somebody ended it before it was done."""
    code = "CANCELLED"


class Unknown(ParallaxError):
    """An error that has no other code."""
    code = "UNKNOWN"


class InvalidArgument(ParallaxError):
    """A request that no daemon in any state would take: a malformed name, a value out of bounds."""
    code = "INVALID_ARGUMENT"


class DeadlineExceeded(ParallaxError):
    """No answer within the time that the caller gave."""
    code = "DEADLINE_EXCEEDED"


class NotFound(ParallaxError):
    """There is no such rig, run, channel, job, report or parameter set."""
    code = "NOT_FOUND"


class AlreadyExists(ParallaxError):
    """The name is taken by something else."""
    code = "ALREADY_EXISTS"


class PermissionDenied(ParallaxError):
    """The caller is known and may not do this."""
    code = "PERMISSION_DENIED"


class ResourceExhausted(ParallaxError):
    """Disk full, too many calls or streams, or a message over 4 MiB. May pass."""
    code = "RESOURCE_EXHAUSTED"


class FailedPrecondition(ParallaxError):
    """The thing is not in a state that allows this."""
    code = "FAILED_PRECONDITION"


class Aborted(ParallaxError):
    """Somebody else was first: a stale etag, a stream that another one took over."""
    code = "ABORTED"


class OutOfRange(ParallaxError):
    """A sequence with a gap, or a cursor that is no longer held."""
    code = "OUT_OF_RANGE"


class Unimplemented(ParallaxError):
    """The daemon is older than this client and does not know the call."""
    code = "UNIMPLEMENTED"


class Internal(ParallaxError):
    """A bug of the daemon, or a link that was reset."""
    code = "INTERNAL"


class Unavailable(ParallaxError):
    """The daemon cannot be reached, or is about to end. May pass."""
    code = "UNAVAILABLE"


class DataLoss(ParallaxError):
    """What is stored fails its checksum, or is not what was stored before."""
    code = "DATA_LOSS"


class Unauthenticated(ParallaxError):
    """The caller did not show who they are."""
    code = "UNAUTHENTICATED"


_CLASSES = {cls.code: cls for cls in ParallaxError.__subclasses__()}
_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}


def with_detail(code, message, detail):
    """The error of a canonical code by name or number; `detail` is an ErrorDetail or None."""
    cls = _CLASSES.get(_NAMES.get(code, code), Unknown)
    if detail is None:
        return cls(message)
    return cls(message, field=detail.field, value=detail.value, bound=detail.bound,
               next_step=detail.next_step)


def detail_of_trailers(trailers):
    """The first ErrorDetail of a call's trailers, or None."""
    for key, value in trailers or ():
        if key != DETAILS_TRAILER:
            continue
        status = error_pb2.Status()
        try:
            status.ParseFromString(value)
        except Exception:  # what a proxy wrote there is no reason to hide the status itself
            return None
        for packed in status.details:
            detail = error_pb2.ErrorDetail()
            if packed.Unpack(detail):
                return detail
    return None


def from_rpc(error):
    """The typed error of a grpc.RpcError, with what its trailers say."""
    return with_detail(error.code().name, error.details() or error.code().name,
                       detail_of_trailers(error.trailing_metadata()))


def invalid_field(field, value, bound, next_step=""):
    """An InvalidArgument of this client that reads like the daemon's: "FIELD = VALUE, must be BOUND"."""
    message = f"{field} = {value}, must be {bound}"
    if next_step:
        message += f"; {next_step}"
    return InvalidArgument(message, field=field, value=str(value), bound=bound, next_step=next_step)
