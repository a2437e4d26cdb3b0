"""One run of a rig."""

from parallax.account import Ledger
from parallax.documents import outcome_from_document
from parallax.names import last_part, rig_of
from parallax.series import Form, Series
from parallax.stream import RunStream
from parallax.stream_options import StreamOptions
from parallax.times import aware_datetime
from parallax.v1 import ingest_pb2, query_pb2, resources_pb2


class Run:
    """A run by its name; what it is like is read when it is asked for, and again by refresh.

    name  "rigs/r7/runs/42"
    """

    def __init__(self, connection, name, message=None):
        self._connection = connection
        self.name = name
        self._message = message
        self._details = None

    @property
    def id(self):
        """"42"."""
        return last_part(self.name)

    @property
    def message(self):
        """parallax.v1.Run: start, recipe, split, state, ledger. Errors: NotFound."""
        if self._message is None:
            self.refresh()
        return self._message

    @property
    def state(self):
        """"OPEN" or "CLOSED"."""
        return resources_pb2.RunState.Name(self.message.state).removeprefix("RUN_STATE_")

    @property
    def split(self):
        """"CALIBRATE", "VALIDATE" or "UNASSIGNED"."""
        return resources_pb2.RunSplit.Name(self.message.split).removeprefix("RUN_SPLIT_")

    @property
    def start_time(self):
        """Start by the rig's own record, a datetime in UTC."""
        return aware_datetime(self.message.start_time)

    @property
    def ledger(self):
        """Ledger: what happened to every sample that was received for this run."""
        return Ledger.of(self.message.ledger)

    @property
    def retirement(self):
        """parallax.v1.Retirement: when the samples were removed, and what is left; None while they are kept."""
        return self.message.retirement if self.message.HasField("retirement") else None

    @property
    def outcome(self):
        """parallax.v1.Outcome, or None until it is recorded."""
        details = self._read_details()
        return details.outcome if details.HasField("outcome") else None

    @property
    def streams(self):
        """parallax.v1.RunStream messages: who streamed how much into the run."""
        return list(self._read_details().streams)

    def refresh(self):
        """Reads the run again and returns it. Errors: NotFound, InvalidArgument (malformed name)."""
        self._details = self._connection.call(self._connection.query.GetRun,
                                              query_pb2.GetRunRequest(name=self.name))
        self._message = self._details.run
        return self

    def series(self, channel, form=Form.RAW, start=None, end=None, buckets=None):
        """A Series, not yet read.

        channel     "device/channel", or a channel id that is the only one of its name
        form        "raw", "filtered", "live" or "decimated"
        start, end  from, inclusive, to, exclusive; as unix_ns takes them; None: all there is
        buckets     of the decimated form, 1 to 10,000
        """
        return Series(self._connection, self.name, channel, form, start, end, buckets)

    def channels(self):
        """"device/channel" of every channel, in the rig's order."""
        rig = self._connection.call(self._connection.query.GetRig,
                                    query_pb2.GetRigRequest(name=rig_of(self.name))).rig
        return [f"{device.id}/{channel.id}" for device in rig.devices for channel in device.channels]

    def digest(self):
        """SHA-256 of the samples, lower-case hexadecimal: equal digests are equal samples."""
        return self._connection.call(self._connection.query.GetSeriesDigest,
                                     query_pb2.GetSeriesDigestRequest(name=self.name)).sha256

    def stream(self, **options):
        """A RunStream into this run; `options` are the fields of StreamOptions."""
        return RunStream(self._connection, self.name, StreamOptions(**options))

    def close(self):
        """Ends the run; repeating it changes nothing. Errors: NotFound."""
        self._message = self._connection.call(self._connection.ingest.CloseRun,
                                              ingest_pb2.CloseRunRequest(name=self.name)).run
        self._details = None
        return self

    def record_outcome(self, outcome):
        """Records what was measured on the sample; a second outcome replaces the first.

        outcome  parallax.v1.Outcome, or a dict as in outcome.json of a campaign
        Errors: NotFound, InvalidArgument.
        """
        request = ingest_pb2.RecordOutcomeRequest(run=self.name, outcome=outcome_from_document(outcome))
        self._connection.call(self._connection.ingest.RecordOutcome, request)
        self._details = None
        return self

    def _read_details(self):
        if self._details is None:
            self.refresh()
        return self._details

    def __repr__(self):
        return f"<Run {self.name}>"
