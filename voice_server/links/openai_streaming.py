"""Answers that are sent while they are made, and work that ends when nobody waits for it.

aiohttp lets a handler go on when its client has left; models have better things to do.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, TypeVar

from aiohttp import web

from voice_server.wires.event_stream import CONTENT_TYPE, event
from voice_server.wires.openai_errors import ApiError

T = TypeVar("T")

LOOK_S = 1.0
"""How often to look whether the client is still there."""


class ClientGone(Exception):
    """The client left before its answer was whole."""


async def while_connected(request: web.Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` returns; cancel it and raise `ClientGone` if the client leaves first."""
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await asyncio.wait([task], timeout=LOOK_S)
            if request.transport is None:
                raise ClientGone
        return task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def answer(
    request: web.Request,
    pieces: AsyncGenerator[bytes, None],
    content_type: str,
    stall_timeout_s: float,
) -> web.StreamResponse:
    """Send `pieces` as they are made, from the first one on.

    What fails before the first piece is raised, and can have a status of its own. What fails later
    becomes an event in a stream of events, and cuts any other body off, so that no client takes it
    for whole. Raises `ApiError` and `ClientGone`.
    """
    async with aclosing(pieces):
        first = await while_connected(request, anext(pieces, b""))
        response = web.StreamResponse(headers={"Content-Type": content_type})
        sending = _Sending(request, response, stall_timeout_s)
        try:
            await response.prepare(request)
            await sending.write(first)
            await while_connected(request, sending.write_all(pieces))
            await response.write_eof()
        except ApiError as error:
            if content_type == CONTENT_TYPE:
                await sending.write(event(error.body))
            else:
                sending.cut_off()
        except ConnectionError as error:
            raise ClientGone from error
    return response


class _Sending:
    """Writes to a client that has to take what it asked for."""

    def __init__(
        self, request: web.Request, response: web.StreamResponse, stall_timeout_s: float
    ) -> None:
        self._request = request
        self._response = response
        self._stall_timeout_s = stall_timeout_s

    async def write(self, piece: bytes) -> None:
        """Raises `ClientGone`."""
        try:
            async with asyncio.timeout(self._stall_timeout_s):
                await self._response.write(piece)
        except (TimeoutError, ConnectionError) as error:
            self.cut_off()
            raise ClientGone from error

    async def write_all(self, pieces: AsyncGenerator[bytes, None]) -> None:
        """Raises `ClientGone`, and what `pieces` raise."""
        async for piece in pieces:
            await self.write(piece)

    def cut_off(self) -> None:
        """End the connection in the middle of the body."""
        if self._request.transport is not None:
            self._request.transport.abort()
