"""Client of parallaxd: push the samples of a run, read them back, have the gap to the twin explained.

    from parallax import Client

    client = Client("127.0.0.1:50051")
    frame = client.rig("r7").run("42").series("pyrometer").to_dataframe()

The stubs of the protocol are made by client/python/build_package.py.
"""

from parallax.account import Account, Ledger
from parallax.backoff import BackoffOptions
from parallax.client import Client
from parallax.design import Design
from parallax.errors import (Aborted, AlreadyExists, Cancelled, DataLoss, DeadlineExceeded,
                             FailedPrecondition, Internal, InvalidArgument, NotFound, OutOfRange,
                             ParallaxError, PermissionDenied, ResourceExhausted, Unauthenticated,
                             Unavailable, Unimplemented, Unknown)
from parallax.job import Job
from parallax.model import Model
from parallax.parameter_set import ParameterSet, ParameterValue
from parallax.report import Report, Verdict
from parallax.rig import Rig
from parallax.run import Run
from parallax.series import Form, Samples, Series
from parallax.stream import RunStream
from parallax.stream_options import OnStored, StreamOptions
