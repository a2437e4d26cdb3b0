"""Rigs, runs and outcomes as people write them down: the dicts of a campaign's JSON files.

Everything here takes the protocol's message too, and gives the message. The daemon judges values; only
what has no place in a message is refused here.
"""

import hashlib

from google.protobuf import json_format

from parallax.errors import InvalidArgument, invalid_field
from parallax.times import timestamp
from parallax.v1 import resources_pb2

_ROLES = {"setpoint", "actuator", "measured"}
_CHANNEL_KEYS = {"id", "quantity", "unit", "role", "rate_hz", "noise_sd", "resolution", "range",
                 "reference"}
# Where the members of outcome.json's groups stand in the message.
_OUTCOME_GROUPS = {
    "chirality": {"method": "chirality_method", "counts": "chirality_counts", "shares": "chirality"},
    "raman": {"laser_nm": "raman_laser_nm", "d_over_g": "raman_d_over_g", "rbm": "raman_rbm"},
}


def rig_from_document(rig):
    """parallax.v1.Rig of a rig.json: {"kind", "geometry", "devices": [{"id", "channels": [...]}]}.

    A channel has "id", "quantity", "unit", "role" ("setpoint", "actuator" or "measured"), "rate_hz",
    "noise_sd", "resolution", "range": [low, high]; further numbers are attributes that a twin reads.
    Errors: InvalidArgument naming the path.
    """
    if isinstance(rig, resources_pb2.Rig):
        return rig
    message = _parse({key: value for key, value in rig.items() if key not in ("id", "devices")},
                     resources_pb2.Rig(), "rig")
    for i, device in enumerate(rig.get("devices", ())):
        path = f"rig.devices[{i}]"
        channels = [_channel(channel, f"{path}.channels[{j}]")
                    for j, channel in enumerate(device.get("channels", ()))]
        added = _parse({key: value for key, value in device.items() if key != "channels"},
                       resources_pb2.Device(), path)
        added.channels.extend(channels)
        message.devices.append(added)
    return message


def run_from_document(run):
    """parallax.v1.Run of a run.json: {"started_at", "segments", "substrate", "catalyst", "notes"}.

    A segment has "name", "start_s", "end_s" and "setpoints" by channel id, each a number to hold or
    {"ramp_to": number}. Errors: InvalidArgument naming the path.
    """
    if isinstance(run, resources_pb2.Run):
        return run
    message = _parse({key: value for key, value in run.items()
                      if key not in ("id", "started_at", "segments")}, resources_pb2.Run(), "run")
    if "started_at" in run:
        message.start_time.CopyFrom(timestamp(run["started_at"], "run.started_at"))
    for i, segment in enumerate(run.get("segments", ())):
        message.segments.append(_segment(segment, f"run.segments[{i}]"))
    return message


def outcome_from_document(outcome):
    """parallax.v1.Outcome of an outcome.json: {"measured_at", "chirality", "height_um", "raman"}.

    Any part may be absent. Errors: InvalidArgument naming the path.
    """
    if isinstance(outcome, resources_pb2.Outcome):
        return outcome
    flat = {key: value for key, value in outcome.items()
            if key not in ("measured_at", "chirality", "raman")}
    for group, targets in _OUTCOME_GROUPS.items():
        for key, value in outcome.get(group, {}).items():
            if key not in targets:
                raise invalid_field(f"outcome.{group}.{key}", repr(value), "one of " + ", ".join(targets))
            flat[targets[key]] = value
    message = _parse(flat, resources_pb2.Outcome(), "outcome")
    if "measured_at" in outcome:
        message.measure_time.CopyFrom(timestamp(outcome["measured_at"], "outcome.measured_at"))
    return message


def content_id(message):
    """An id of 32 characters that is the same for equal messages: it makes retries harmless."""
    return hashlib.sha256(message.SerializeToString(deterministic=True)).hexdigest()[:32]


def _channel(channel, path):
    fields = {key: channel[key] for key in _CHANNEL_KEYS - {"role", "range"} if key in channel}
    role = channel.get("role")
    if role not in _ROLES:
        raise invalid_field(f"{path}.role", repr(role), "one of " + ", ".join(sorted(_ROLES)))
    fields["role"] = f"CHANNEL_ROLE_{role.upper()}"
    span = channel.get("range", ())
    if len(span) != 2:
        raise invalid_field(f"{path}.range", repr(span), "two numbers, [low, high]")
    fields["range_low"], fields["range_high"] = span
    fields["attributes"] = {key: value for key, value in channel.items() if key not in _CHANNEL_KEYS}
    return _parse(fields, resources_pb2.Channel(), path)


def _segment(segment, path):
    setpoints = {}
    for channel, setpoint in segment.get("setpoints", {}).items():
        ramp = isinstance(setpoint, dict)
        if ramp and set(setpoint) != {"ramp_to"}:
            raise invalid_field(f"{path}.setpoints[{channel}]", repr(setpoint),
                                'a number or {"ramp_to": number}')
        setpoints[channel] = {"value": setpoint["ramp_to"] if ramp else setpoint, "ramp": ramp}
    return _parse({**segment, "setpoints": setpoints}, resources_pb2.Segment(), path)


def _parse(document, message, path):
    try:
        return json_format.ParseDict(document, message)
    except (json_format.ParseError, TypeError, ValueError) as error:
        raise InvalidArgument(f"{path}: {error}", field=path, value=repr(document)[:200],
                              bound=f"fields of {message.DESCRIPTOR.name}") from None
