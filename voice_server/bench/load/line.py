"""One session as the generator sees it: bytes out, times of what comes in."""

import asyncio
from collections.abc import Callable, Sequence

from voice_server.bench.load.websocket_bytes import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Reader,
    frame,
    opening,
)

UPGRADED = 101


class Line(asyncio.Protocol):
    """A WebSocket client that notes when what arrived."""

    def __init__(self, first: Sequence[str], greets: bool, clock: Callable[[], float]) -> None:
        """`first` is sent once upgraded; `greets`: the server is ready when it says something."""
        self._first = first
        self._greets = greets
        self._upgraded = False
        self._clock = clock
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None
        self.ready = asyncio.get_running_loop().create_future()
        """Resolves when the session is open; a failure is told in `refusal`."""
        self.refusal = ""
        self.ended = False
        """Set before we hang up, so that an end is no failure."""
        self.audio: list[tuple[float, int]] = []
        self.texts: list[tuple[float, str]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def open(self, host: str, path: str, protocol: str) -> None:
        """Ask for the upgrade."""
        self.send(opening(host, path, protocol))

    def send(self, data: bytes) -> None:
        """Write whole frames; after the end, nothing."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    @property
    def unsent_bytes(self) -> int:
        """What the server has not taken yet."""
        return self._transport.get_write_buffer_size() if self._transport else 0

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        at = self._clock()
        frames = self._reader.feed(data)
        if self._reader.status not in (None, UPGRADED):
            self._fail(f"refused with HTTP {self._reader.status}")
            return
        if self._reader.status == UPGRADED and not self._upgraded:
            self._begin()
        for opcode, payload in frames:
            self._take(at, opcode, payload)

    def _begin(self) -> None:
        self._upgraded = True
        for text in self._first:
            self.send(frame(TEXT, text.encode()))
        if not self._greets:
            self._opened()

    def _take(self, at: float, opcode: int, payload: bytes) -> None:
        if opcode == BINARY:
            self.audio.append((at, len(payload)))
        elif opcode == TEXT:
            self.texts.append((at, payload.decode()))
            self._opened()
        elif opcode == PING:
            self.send(frame(PONG, payload))
        elif opcode == CLOSE:
            self._fail(f"closed with {int.from_bytes(payload[:2], 'big')}")

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        self._fail("the connection broke")

    def close(self) -> None:
        """Hang up."""
        self.ended = True
        if self._transport is not None:
            self._transport.close()

    def _opened(self) -> None:
        if not self.ready.done():
            self.ready.set_result(None)

    def _fail(self, why: str) -> None:
        if not self.ended:
            self.refusal = self.refusal or why
        self._opened()
