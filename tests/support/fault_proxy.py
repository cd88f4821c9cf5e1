"""A TCP proxy that does to connections what networks do to them.

It passes bytes on between clients and one server, until told to be slow, to cut them into single
bytes, to swallow them, or to break the connection after so many, or at certain words.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

CHUNK_BYTES = 16_384


@dataclass(slots=True)
class Faults:
    """What is wrong with the network at present."""

    latency_s: float = 0.0
    """Each way."""
    slice_bytes: int | None = None
    """Nothing longer travels in one piece."""
    swallows: bool = False
    """Both sides believe that the connection is there, and nothing arrives."""
    refuses: bool = False
    """New connections are dropped."""
    cut_after_bytes: int | None = None
    """Counted over all connections, towards the client."""
    cut_at: bytes | None = None
    """In front of these words on their way to the client, once: it never gets them."""


class FaultProxy:
    """Listens on a port of its own; made by `fault_proxy`."""

    def __init__(self, target_port: int) -> None:
        self.faults = Faults()
        self.target_port = target_port
        """Where new connections go."""
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    def reset(self) -> int:
        """Break every connection without a word. Returns how many there were."""
        writers = list(self._writers)
        for writer in writers:
            raw: socket.socket | None = writer.get_extra_info("socket")
            if raw is not None:
                with suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
        return len(writers) // 2

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass one connection on, until one side ends it."""
        if self.faults.refuses:
            writer.transport.abort()
            return
        try:
            there = await asyncio.open_connection("127.0.0.1", self.target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, there[1]}
        ways = [
            asyncio.create_task(self._pass(reader, there[1], to_client=False)),
            asyncio.create_task(self._pass(there[0], writer, to_client=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, there[1]):
                self._writers.discard(end)
                end.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, to_client: bool
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(self.faults.slice_bytes or CHUNK_BYTES):
                if self.faults.swallows:
                    continue
                if self.faults.latency_s:
                    await asyncio.sleep(self.faults.latency_s)
                if to_client and self._is_cut_by(data, writer):
                    return
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(0)  # neither reading nor drain yields while there is plenty

    def _is_cut_by(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        words, left = self.faults.cut_at, self.faults.cut_after_bytes
        if words is not None and words in data:
            self.faults.cut_at = None
            self.reset()
            return True
        if left is None:
            return False
        if len(data) < left:
            self.faults.cut_after_bytes = left - len(data)
            return False
        self.faults.cut_after_bytes = None
        writer.write(data[:left])
        self.reset()
        return True


@asynccontextmanager
async def fault_proxy(target_port: int) -> AsyncIterator[FaultProxy]:
    """A proxy in front of a server on this machine."""
    proxy = FaultProxy(target_port)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.reset()
        await server.wait_closed()


@contextmanager
def fault_proxy_aside(target_port: int) -> Iterator[FaultProxy]:
    """The same for tests without an event loop: it has a thread of its own.

    Its faults may be changed from any thread; to break connections there are `cut_at` and
    `cut_after_bytes`.
    """
    begun: Future[FaultProxy] = Future()
    over = threading.Event()

    async def stand() -> None:
        async with fault_proxy(target_port) as proxy:
            begun.set_result(proxy)
            await asyncio.to_thread(over.wait)
        while rest := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(rest)

    thread = threading.Thread(target=asyncio.run, args=(stand(),))
    thread.start()
    try:
        yield begun.result(10)
    finally:
        over.set()
        thread.join()
