"""One channel to a daemon, with calls that raise typed errors."""

import time

import grpc

from parallax.credentials import open_channel
from parallax.errors import Unavailable, from_rpc
from parallax.v1 import (analysis_pb2_grpc, calibration_pb2_grpc, ingest_pb2_grpc, model_pb2_grpc,
                         query_pb2_grpc, twin_pb2_grpc)

_PAGE_SIZE = 1000
_FIRST_WAIT_S = 0.02
_LONGEST_WAIT_S = 0.5
# The same as the C++ client's: a daemon that restarts is found again within a second, while one
# attempt to connect to a busy daemon may last ten.
_CHANNEL_OPTIONS = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.keepalive_time_ms", 20_000),
)


class Connection:
    """The stubs of all services over one channel. Thread-safe.

    timeout_s    of one call [s]
    credentials  as open_channel takes them
    """

    def __init__(self, address, timeout_s, **credentials):
        self.address = address
        self.timeout_s = timeout_s
        self._channel = open_channel(address, _CHANNEL_OPTIONS, **credentials)
        self.ingest = ingest_pb2_grpc.IngestServiceStub(self._channel)
        self.query = query_pb2_grpc.QueryServiceStub(self._channel)
        self.analysis = analysis_pb2_grpc.AnalysisServiceStub(self._channel)
        self.calibration = calibration_pb2_grpc.CalibrationServiceStub(self._channel)
        self.models = model_pb2_grpc.ModelServiceStub(self._channel)
        self.twins = twin_pb2_grpc.TwinServiceStub(self._channel)

    def call(self, method, request):
        """One unary call. Errors: the daemon's; Unavailable, DeadlineExceeded."""
        try:
            return method(request, timeout=self.timeout_s)
        except grpc.RpcError as error:
            raise from_rpc(error) from None

    def call_patiently(self, method, request):
        """A call that may be repeated: a daemon that restarts is waited for as long as one call may take.

        Errors: as call.
        """
        wait_s = _FIRST_WAIT_S
        give_up_at = time.monotonic() + self.timeout_s
        while True:
            try:
                return self.call(method, request)
            except Unavailable:
                if time.monotonic() >= give_up_at:
                    raise
            time.sleep(wait_s)
            wait_s = min(1.5 * wait_s, _LONGEST_WAIT_S)

    def parts(self, method, request, timeout_s=None):
        """The messages of a server stream, one by one, in `timeout_s` for all of them [s]; None: that of
        a call. Errors: as call.
        """
        try:
            yield from method(request, timeout=self.timeout_s if timeout_s is None else timeout_s)
        except grpc.RpcError as error:
            raise from_rpc(error) from None

    def pages(self, method, request, items):
        """All items of a list, read page by page; `items` names the repeated field of the answer.

        Errors: as call.
        """
        request.page_size = _PAGE_SIZE
        while True:
            page = self.call(method, request)
            yield from getattr(page, items)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    def close(self):
        """Ends every call that is still going on."""
        self._channel.close()
