"""Models of what a calibrated twin leaves over."""

import json

from parallax.v1 import model_pb2


class Model:
    """A model as stored.

    message  parallax.v1.Model
    """

    def __init__(self, connection, message):
        self._connection = connection
        self.message = message

    @classmethod
    def read(cls, connection, name):
        """Errors: NotFound, InvalidArgument (malformed name), DataLoss (its bytes fail their hash)."""
        request = model_pb2.GetModelRequest(name=name)
        return cls(connection, connection.call(connection.models.GetModel, request).model)

    @property
    def name(self):
        """"rigs/r7/models/2"."""
        return self.message.name

    @property
    def revision(self):
        return self.message.revision

    @property
    def state(self):
        """"CANDIDATE", "CURRENT", "RETIRED" or "REFUSED"."""
        return model_pb2.ModelState.Name(self.message.state).removeprefix("MODEL_STATE_")

    @property
    def reason(self):
        """Why it was promoted, held or refused, in one sentence."""
        return self.message.reason

    @property
    def card(self):
        """Its card, canonical JSON as a dict (docs/learning.md)."""
        if not self.message.json:  # listed without
            self.message = Model.read(self._connection, self.name).message
        return json.loads(self.message.json)

    def file(self):
        """The bytes of the model's own file."""
        request = model_pb2.GetModelRequest(name=self.name, with_file=True)
        return self._connection.call(self._connection.models.GetModel, request).model.file

    def promote(self, reason=""):
        """Puts this model to use, for a reason in at most 256 bytes, and returns it as stored.

        Errors: Aborted (a model of this rig was promoted since this one was read), FailedPrecondition
        (its guard refused it).
        """
        request = model_pb2.PromoteModelRequest(name=self.name, etag=self.message.etag, reason=reason)
        response = self._connection.call(self._connection.models.PromoteModel, request)
        return Model(self._connection, response.model)

    def __repr__(self):
        return f"<Model {self.name} {self.state}>"
