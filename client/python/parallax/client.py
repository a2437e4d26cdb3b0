"""The way in: one daemon by its address."""

from parallax.connection import Connection
from parallax.documents import content_id, rig_from_document
from parallax.job import Job
from parallax.names import name_below_any, top_name
from parallax.report import Report
from parallax.rig import Rig, list_jobs, recalibration_mode
from parallax.run import Run
from parallax.v1 import ingest_pb2, query_pb2, resources_pb2, twin_pb2
from parallax.watch import watch


class Client:
    """A daemon's rigs, runs, samples, analyses and reports. Thread-safe; connects with the first call.

        client = Client("127.0.0.1:50051")
        client.rig("r7").run("42").series("pyrometer").to_dataframe()

    address     "host:port" of a daemon's gRPC port
    timeout     of one call [s]
    tls_ca      file of the authority of the daemon's certificate, PEM; turns TLS on
    tls_cert    file of a certificate to show, PEM, with
    tls_key     its key, mode 0600
    token_file  file that holds one token, mode 0600
    plaintext   True: no TLS, and a token goes to another machine all the same
    Errors: ValueError, PermissionError, OSError about those files; every call raises ParallaxErrors:
    Unavailable and DeadlineExceeded where the daemon cannot be reached in time, and what stands with the
    call.
    """

    def __init__(self, address="127.0.0.1:50051", timeout=30.0, *, tls_ca=None, tls_cert=None, tls_key=None,
                 token_file=None, plaintext=False):
        self._connection = Connection(address, timeout, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key,
                                      token_file=token_file, plaintext=plaintext)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        """Closes the connection; calls and streams that go on end."""
        self._connection.close()

    def rig(self, rig):
        """A Rig by id or name; nothing is asked yet. Errors: InvalidArgument for a malformed name."""
        return Rig(self._connection, top_name(rig, "rigs"))

    def rigs(self):
        """All Rigs by name."""
        found = self._connection.pages(self._connection.query.ListRigs, query_pb2.ListRigsRequest(),
                                       "rigs")
        return [Rig(self._connection, rig.name, rig) for rig in found]

    def create_rig(self, rig_id, rig, twin=None, assumptions=None, title=None, recalibration=None):
        """Registers a rig and returns it; its assumptions become parameter set 0.

        rig_id         1 to 63 characters of [A-Za-z0-9_.-]
        rig            parallax.v1.Rig, or a dict as in rig.json; see documents.rig_from_document
        twin           the twin that predicts it, one of twins(); None: as `rig` says
        assumptions    values that the lab's simulation assumes, by parameter; others keep the nominal one
        title          for people; None: as `rig` says
        recalibration  what the daemon does when its runs close: "off", "hold" (registers candidates) or
                       "promote" (puts to use what passes validation); None: as `rig` says, else "hold"
        Errors: InvalidArgument (unknown unit, twin or parameter, a value outside its bounds),
        AlreadyExists. The same call within a day returns the first answer.
        """
        message = resources_pb2.Rig()
        message.CopyFrom(rig_from_document(rig))
        if twin is not None:
            message.twin = twin
        if title is not None:
            message.title = title
        if recalibration is not None:
            message.recalibration = recalibration_mode(recalibration)
        request = ingest_pb2.CreateRigRequest(rig_id=rig_id, rig=message, assumptions=assumptions or {})
        request.request_id = content_id(request)
        created = self._connection.call(self._connection.ingest.CreateRig, request).rig
        return Rig(self._connection, created.name, created)

    def run(self, run):
        """A Run by "r7/42" or its whole name. Errors: InvalidArgument for a malformed name."""
        return Run(self._connection, name_below_any(run, "runs"))

    def stream_run(self, rig, run, **options):
        """A RunStream to push samples into an open run; `options` are the fields of StreamOptions.

        Errors: InvalidArgument for a malformed name or an option; see RunStream.
        """
        return self.rig(rig).run(run).stream(**options)

    def report(self, report):
        """A Report by "r7/REPORT" or its whole name. Errors: NotFound, InvalidArgument."""
        return Report.read(self._connection, name_below_any(report, "reports"))

    def job(self, job):
        """A Job by id or name. Errors: InvalidArgument for a malformed name."""
        return Job(self._connection, top_name(job, "jobs"))

    def jobs(self):
        """Jobs of all rigs, newest first."""
        return list_jobs(self._connection)

    def watch(self, names, detail="state", cursor="", backfill_start=None):
        """Yields what happens, as it happens, until the caller stops to ask: parallax.v1.WatchResponse
        messages, in one order. A daemon that restarts or a link that breaks is waited for, as long as one
        call may take; samples may come twice then, and replace what came before.

        names           "rigs/r7", "rigs/-", "rigs/r7/runs/42", "rigs/r7/parameterSets", "jobs/j1", "jobs/-"
        detail          "state", also "health" of channels and detections, or also "points", the samples
        cursor          of the last message that had one, to go on from there
        backfill_start  source time from which stored samples come first, as unix_ns takes them
        Errors: InvalidArgument, NotFound, ResourceExhausted (too many watch), Unavailable (not heard for
        as long as one call may take), OutOfRange for a `cursor` that the daemon does not know.
        """
        return watch(self._connection, names, detail, cursor, backfill_start)

    def twins(self):
        """parallax.v1.Twin messages: the models that the daemon knows, with parameters and signals."""
        return list(self._connection.call(self._connection.twins.ListTwins,
                                          twin_pb2.ListTwinsRequest()).twins)
