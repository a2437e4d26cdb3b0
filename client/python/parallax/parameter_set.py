"""Revisions of a rig's parameters."""

import dataclasses
import json

from parallax.errors import NotFound
from parallax.frames import pandas
from parallax.names import did_you_mean
from parallax.v1 import calibration_pb2, resources_pb2


@dataclasses.dataclass(frozen=True)
class ParameterValue:
    """One value of a parameter set.

    run         run that it holds for, where it is calibrated per run; else None
    value, sd   value and posterior standard deviation, 0 for an assumption [unit]
    assumed     what the rig's assumptions said [unit]
    calibrated  whether this set's calibration moved it
    """

    parameter: str
    run: str | None
    value: float
    sd: float
    assumed: float
    unit: str
    calibrated: bool

    @classmethod
    def of(cls, message):
        """From parallax.v1.ParameterValue."""
        return cls(message.parameter, message.run or None, message.value, message.sd, message.assumed,
                   message.unit, message.calibrated)


class ParameterSet:
    """A revision as stored; revision 0 holds the assumptions that the rig was created with.

    message  parallax.v1.ParameterSet
    """

    def __init__(self, connection, message):
        self._connection = connection
        self.message = message

    @classmethod
    def read(cls, connection, name):
        """Errors: NotFound, InvalidArgument (malformed name), DataLoss (its bytes fail their hash)."""
        request = calibration_pb2.GetParameterSetRequest(name=name)
        return cls(connection, connection.call(connection.calibration.GetParameterSet,
                                               request).parameter_set)

    @property
    def name(self):
        """"rigs/r7/parameterSets/3"."""
        return self.message.name

    @property
    def revision(self):
        return self.message.revision

    @property
    def state(self):
        """"CANDIDATE", "CURRENT", "RETIRED" or "REJECTED"."""
        return resources_pb2.ParameterSetState.Name(self.message.state).removeprefix(
            "PARAMETER_SET_STATE_")

    @property
    def values(self):
        """ParameterValues in the twin's order; values of single runs follow."""
        return [ParameterValue.of(value) for value in self.message.values]

    @property
    def provenance(self):
        """The set's canonical JSON as a dict: values, covariance, validity, provenance."""
        if not self.message.json:  # listed without
            self.message = ParameterSet.read(self._connection, self.name).message
        return json.loads(self.message.json)

    def value(self, parameter, run=None):
        """The ParameterValue of a parameter. Errors: NotFound naming what is near."""
        for value in self.values:
            if (value.parameter, value.run) == (parameter, run):
                return value
        hint = did_you_mean(parameter, sorted({value.parameter for value in self.values}))
        raise NotFound(f'parameter "{parameter}" is not in {self.name}; {hint}', field="parameter",
                       value=str(parameter), bound=f"a parameter of {self.name}", next_step=hint)

    def diff(self, other):
        """What differs from `other`, a ParameterSet of the same rig: (own, other's) ParameterValues, of
        which one is None where only one of the sets has it. Errors: InvalidArgument (another rig)."""
        request = calibration_pb2.DiffParameterSetsRequest(**{"from": self.name, "to": other.name})
        response = self._connection.call(self._connection.calibration.DiffParameterSets, request)
        return [tuple(ParameterValue.of(getattr(difference, side)) if difference.HasField(side) else None
                      for side in ("from", "to")) for difference in response.differences]

    def to_dataframe(self):
        """A DataFrame with one row a value. Errors: ImportError without pandas."""
        fields = [field.name for field in dataclasses.fields(ParameterValue)]
        return pandas().DataFrame([dataclasses.astuple(value) for value in self.values], columns=fields)

    def __repr__(self):
        return f"<ParameterSet {self.name} {self.state}>"
