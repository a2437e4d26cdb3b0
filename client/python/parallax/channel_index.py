"""Channels of a rig by the names that people use."""

from parallax.errors import NotFound
from parallax.names import did_you_mean


class ChannelIndex:
    """Finds channels of a rig message: "device/channel", or an id that is the only one of its name.

    names  "device/channel" in the rig's order, which is the wire's channel_index
    """

    def __init__(self, rig):
        self._rig_name = rig.name
        self.names = [f"{device.id}/{channel.id}" for device in rig.devices for channel in device.channels]
        self._index = {name: index for index, name in enumerate(self.names)}
        short = [name.split("/", 1)[1] for name in self.names]
        for index, name in enumerate(short):
            if short.count(name) == 1:
                self._index.setdefault(name, index)

    def find(self, channel):
        """Position of a channel in the rig, from 0. Errors: NotFound naming what is near."""
        index = self._index.get(channel)
        if index is not None:
            return index
        hint = did_you_mean(channel, self._index)
        bound = f"a channel of {self._rig_name}"
        raise NotFound(f'channel "{channel}" is not {bound}; {hint}', field="channel", value=str(channel),
                       bound=bound, next_step=hint)
