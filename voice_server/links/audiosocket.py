"""AudioSocket over TCP: reads frames as they come, writes one every 20 ms by its own deadline.

A connection looks like a socket of messages to `WebSocketLink`, which does all the rest. What it
is given to send goes onto the belt, and the clock takes it from there.
"""

import asyncio
import ipaddress
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import cast

from aiohttp import WSMessage, WSMsgType

from voice_server.exposure import is_loopback
from voice_server.links.phone import Exchange
from voice_server.settings import PhoneSettings, SettingsError
from voice_server.wires.phone.audiosocket import HANGUP, HEADER, RATES, AudioSocket, silence
from voice_server.wires.phone.belt import Belt, FrameClock
from voice_server.wires.phone.far_end import FRAME_MS

logger = logging.getLogger(__name__)

UNREAD_BYTES_MAX = 65_536
"""A peer that does not read what is sent in time is cut off."""


class AudioSocketConnection:
    """One call's connection, as a socket of messages."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.close_code: int | None = None
        self.frames_sent = 0
        self._reader = reader
        self._writer = writer
        self._belt: Belt | None = None
        self._clock: asyncio.Task[None] | None = None

    @property
    def transport(self) -> asyncio.Transport:
        """What the bytes go through."""
        return cast(asyncio.Transport, self._writer.transport)  # uvloop's is none by inheritance

    async def __aiter__(self) -> AsyncIterator[WSMessage]:
        """Frames and passed marks, until the caller leaves."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await self._reader.readexactly(HEADER.size)
                kind, length = HEADER.unpack(head)
                frame = head + await self._reader.readexactly(length)
                if self._belt is None and kind in RATES:
                    self._start(kind)
                for mark in self._passed():
                    yield WSMessage(WSMsgType.TEXT, mark, None)
                yield WSMessage(WSMsgType.BINARY, frame, None)

    async def send_bytes(self, data: bytes) -> None:
        """A frame for the belt; a hang-up leaves at once."""
        if data[0] == HANGUP or self._belt is None:
            self._writer.write(data)
        else:
            self._belt.put(data)

    async def send_str(self, data: str) -> None:
        """A word to the belt."""
        if self._belt is not None:
            self._belt.put(data)

    async def close(self, *, code: int) -> None:
        """Stop the clock, and hang up."""
        self.close_code = code
        if self._clock:
            self._clock.cancel()
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def _passed(self) -> list[str]:
        return [] if self._belt is None else self._belt.passed()

    def _start(self, kind: int) -> None:
        self._belt = Belt(silence(kind))
        self._clock = asyncio.create_task(self._tick(self._belt))

    async def _tick(self, belt: Belt) -> None:
        time = asyncio.get_running_loop().time
        clock = FrameClock(time(), FRAME_MS / 1000)
        while not self._writer.is_closing():
            await asyncio.sleep(clock.due - time())
            self._writer.write(belt.next())
            self.frames_sent += 1
            clock.tick(time())
            if self.transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
                self.transport.abort()


@asynccontextmanager
async def audiosocket_calls(
    exchange: Exchange, settings: PhoneSettings
) -> AsyncIterator[dict[str, int]]:
    """Take AudioSocket calls, if it is wanted; yields the port by its name for the ready line.

    Raises `SettingsError`.
    """
    if not settings.audiosocket:
        yield {}
        return
    check_peers(settings)
    host, port = settings.audiosocket_host, settings.audiosocket_port
    server = await asyncio.start_server(_Door(exchange, settings).take, host, port)
    async with server:
        yield {"audiosocket": server.sockets[0].getsockname()[1]}


class _Door:
    """Lets peers in."""

    def __init__(self, exchange: Exchange, settings: PhoneSettings) -> None:
        self._exchange = exchange
        self._networks = [ipaddress.ip_network(peer) for peer in settings.audiosocket_peers]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = str(writer.get_extra_info("peername")[0])
        connection = AudioSocketConnection(reader, writer)
        if not allowed(address, self._networks):
            logger.warning("call refused", extra={"call": "audiosocket", "address": address})
            connection.transport.abort()
            return
        await self._exchange.hold(connection, connection.transport, AudioSocket())


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def check_peers(settings: PhoneSettings) -> None:
    """AudioSocket knows no keys: beyond loopback it must be said who may connect.

    Raises `SettingsError`.
    """
    for peer in settings.audiosocket_peers:
        try:
            ipaddress.ip_network(peer)
        except ValueError:
            reason = f"{peer!r} is no address or network; write 10.0.0.5 or 10.0.0.0/8"
            raise SettingsError(f"phone.audiosocket_peers: {reason}") from None
    if not settings.audiosocket_peers and not is_loopback(settings.audiosocket_host):
        raise SettingsError(
            f"phone.audiosocket_host is {settings.audiosocket_host!r}, which others can reach; "
            "list Asterisk's address in phone.audiosocket_peers, or listen on 127.0.0.1"
        )


def allowed(address: str, networks: Iterable[Network]) -> bool:
    """Whether a peer may connect; no list means everybody who can."""
    networks = list(networks)
    return not networks or any(ipaddress.ip_address(address) in network for network in networks)
