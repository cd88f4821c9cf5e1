"""A WebSocket as a line: it moves bytes, and nothing else.

What comes is passed on message by message; a call that is slow to take it slows its client down by
the client's own socket. What is sent waits until the client takes it.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from aiohttp import WebSocketError, WSCloseCode, WSMessage, WSMsgType

from voice_server.closes import NORMAL, ErrorCode
from voice_server.events import MessageRefused
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings


class MessageSocket(Protocol):
    """What a link needs of a socket; aiohttp's is one."""

    @property
    def close_code(self) -> int | None:
        """How it was closed."""
        ...

    def __aiter__(self) -> AsyncIterator[WSMessage]:
        """The messages that come, until it closes."""
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        ...

    async def send_str(self, data: str) -> None:
        """Send a text message."""
        ...

    async def close(self, *, code: int) -> object:
        """Close it."""
        ...


class WebSocketLink:
    """One connection, from the upgrade to the close."""

    def __init__(
        self,
        socket: MessageSocket,
        transport: asyncio.Transport,
        limits: LimitSettings,
        metrics: Metrics,
    ) -> None:
        self._socket = socket
        self._transport = transport
        self._limits = limits
        self._metrics = metrics
        self._closing = False

    @property
    def said_goodbye(self) -> bool:
        """The client closed it in good order: it will not come back."""
        return not self._closing and self._socket.close_code == NORMAL

    async def messages(self) -> AsyncIterator[str | bytes | MessageRefused]:
        """What the client sends, until it has gone."""
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                yield self._checked(message.data)
            elif message.type is WSMsgType.BINARY:
                yield message.data
            elif message.type is WSMsgType.ERROR and _is_too_big(message.data):
                self._metrics.limit_hits.labels("message_bytes").inc()
            elif message.type is WSMsgType.ERROR and isinstance(message.data, TimeoutError):
                self._metrics.limit_hits.labels("ping_timeout").inc()

    def _checked(self, text: str) -> str | MessageRefused:
        bytes_max = self._limits.text_bytes_max
        if len(text.encode()) <= bytes_max:
            return text
        self._metrics.limit_hits.labels("text_bytes").inc()
        message = f"A text message has at most {bytes_max} bytes."
        return MessageRefused(ErrorCode.TOO_LARGE, message)

    async def send(self, data: str | bytes) -> None:
        """Send one message. Raises `ConnectionError`.

        Waiting may be given up, and something else be sent after it. aiohttp must not notice: a
        cancelled wait would end all waits of this connection with a cancellation.
        """
        if self._transport.get_write_buffer_size():
            await asyncio.shield(self._send(data))
        else:
            await self._send(data)

    async def _send(self, data: str | bytes) -> None:
        if isinstance(data, bytes):
            await self._socket.send_bytes(data)
        else:
            await self._socket.send_str(data)

    async def close(self, code: int) -> None:
        """Say goodbye, with a close code, and not for long."""
        self._closing = True
        if not self._transport.is_closing():
            self._transport.set_write_buffer_limits(0)  # all that was said has to leave before
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._socket.close(code=code)
        except TimeoutError:
            self.abort()

    def abort(self) -> None:
        """Drop it: a peer that does not read would keep a polite close waiting."""
        self._closing = True
        self._transport.abort()


def _is_too_big(error: object) -> bool:
    return isinstance(error, WebSocketError) and error.code == WSCloseCode.MESSAGE_TOO_BIG
