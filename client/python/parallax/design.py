"""Experiments that the daemon suggests, and recipes that it found for a goal."""

import json

from parallax.errors import NotFound
from parallax.v1 import analysis_pb2


class Design:
    """A design as stored.

    message  parallax.v1.Design
    """

    def __init__(self, connection, message):
        self._connection = connection
        self.message = message

    @classmethod
    def read(cls, connection, name):
        """Errors: NotFound, InvalidArgument (malformed name), DataLoss (its bytes fail their hash)."""
        request = analysis_pb2.GetDesignRequest(name=name)
        return cls(connection, connection.call(connection.analysis.GetDesign, request).design)

    @property
    def name(self):
        """"rigs/r7/designs/d1"."""
        return self.message.name

    @property
    def headline(self):
        """The answer in one sentence."""
        return self.message.headline

    @property
    def superseded(self):
        """Whether data that came later changes the report that it goes on from."""
        return self.message.superseded

    @property
    def document(self):
        """The whole answer, its canonical JSON as a dict (docs/learning.md)."""
        if not self.message.json:  # listed without
            self.message = Design.read(self._connection, self.name).message
        return json.loads(self.message.json)

    def recipe(self, rank=1):
        """The recipe of an experiment as a run.json without id and start: rig.open_run(id, start,
        document=design.recipe()). Errors: NotFound (no experiment of that rank)."""
        for experiment in self.document["experiments"]:
            if experiment["rank"] == rank:
                return {key: value for key, value in experiment["recipe"].items() if value is not None}
        raise NotFound(f"rank = {rank}, must be an experiment of {self.name}", field="rank",
                       value=str(rank), bound=f"an experiment of {self.name}", next_step="")

    def __repr__(self):
        return f"<Design {self.name}: {self.headline}>"
