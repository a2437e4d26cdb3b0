"""A bad link: forwards connections to a daemon, with faults whose chances follow from a seed.

TCP hides loss and reordering of packets from both ends: they show as delay, and as resets where they last. Those are
what it makes.
"""

import asyncio
import random
import socket
import struct
import threading


class Link:
    """A port that forwards to `target`, on a thread of its own.

    address          "127.0.0.1:PORT"
    resets, delays   so far
    """

    def __init__(self, target, seed=0, delay_s=0.0, reset_after_bytes=None):
        """delay_s: longest delay of a piece. reset_after_bytes: mean of what a connection carries until it is reset."""
        self._target = target.rsplit(":", 1)
        self._random = random.Random(seed)
        self._delay_s, self._reset_after_bytes = delay_s, reset_after_bytes
        self.resets = self.delays = 0
        self._loop = asyncio.new_event_loop()
        self._thaw = asyncio.Event()
        self._thaw.set()
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    def freeze(self):
        """From now on nothing arrives on either side, and nobody is told: a cable that was cut."""
        self._loop.call_soon_threadsafe(self._thaw.clear)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, started):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))

    async def _serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        budget = [self._random.expovariate(1 / self._reset_after_bytes) if self._reset_after_bytes else float("inf")]
        try:
            await asyncio.gather(self._pump(reader, far_writer, budget), self._pump(far_reader, writer, budget))
        except (OSError, EOFError):
            for end in (writer, far_writer):
                _reset(end)

    async def _pump(self, reader, writer, budget):
        while True:
            piece = await reader.read(self._random.choice((1, 100, 4096, 65536)))
            await self._thaw.wait()
            if not piece:
                raise EOFError
            if self._delay_s and self._random.random() < 0.1:
                self.delays += 1
                await asyncio.sleep(self._random.uniform(0, self._delay_s))
            budget[0] -= len(piece)
            if budget[0] < 0:
                # What is left of the piece is lost: the cut may fall within a frame.
                writer.write(piece[:max(0, len(piece) + int(budget[0]))])
                self.resets += 1
                raise EOFError
            writer.write(piece)
            await writer.drain()


def _reset(writer):
    """Closes with RST, as a machine does that knows nothing of the connection any more."""
    try:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass  # the other side closed it
    writer.transport.abort()
