"""Streams begin with their first piece, fail loudly, and end when nobody listens."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from tests.support.http_server import PatientServer
from voice_server.links.openai_streaming import ClientGone, answer, while_connected
from voice_server.wires.event_stream import CONTENT_TYPE
from voice_server.wires.openai_errors import ApiError

pytestmark = pytest.mark.socket

Pieces = AsyncGenerator[bytes, None]
Client = TestClient[web.Request, web.Application]


class Stage:
    """Serves one stream, and remembers how it went."""

    def __init__(self, pieces: Callable[[], Pieces], content_type: str = "audio/wav") -> None:
        self.pieces = pieces
        self.content_type = content_type
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            response = await answer(request, self.pieces(), self.content_type, 5)
        except ApiError as error:
            self.outcome.set_result("refused")
            return web.Response(status=error.status)
        except ClientGone:
            self.outcome.set_result("gone")
            return web.Response(status=499)
        self.outcome.set_result("answered")
        return response

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[Client, None]:
        app = web.Application()
        app.router.add_get("/", self.handle)
        async with TestClient(PatientServer(app)) as client:
            yield client


async def test_pieces_arrive_before_the_last_is_made() -> None:
    heard = asyncio.Event()

    async def pieces() -> Pieces:
        yield b"one"
        await heard.wait()
        yield b"two"

    stage = Stage(pieces)
    async with stage.client() as client, client.get("/") as response:
        assert response.content_type == "audio/wav"
        assert await response.content.readany() == b"one"
        heard.set()
        assert await response.content.read() == b"two"
    assert await stage.outcome == "answered"


async def test_what_fails_first_has_a_status() -> None:
    async def pieces() -> Pieces:
        for status in (503,):
            raise ApiError(status, "Nobody is at home.")
        yield b""

    stage = Stage(pieces)
    async with stage.client() as client, client.get("/") as response:
        assert response.status == 503
    assert await stage.outcome == "refused"


async def broken() -> Pieces:
    yield b"one"
    raise ApiError(500, "The voice broke.")


async def test_a_body_that_breaks_is_cut_off() -> None:
    stage = Stage(broken)
    async with stage.client() as client, client.get("/") as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_a_stream_of_events_says_why_it_ends() -> None:
    stage = Stage(broken, CONTENT_TYPE)
    async with stage.client() as client, client.get("/") as response:
        assert b'data: {"error":{"message":"The voice broke."' in await response.read()


async def test_a_client_that_leaves_ends_the_stream() -> None:
    ended = asyncio.Event()

    async def pieces() -> Pieces:
        try:
            while True:
                yield b"more" * 1000
                await asyncio.sleep(0)
        finally:
            ended.set()

    stage = Stage(pieces)
    async with stage.client() as client:
        response = await client.get("/")
        await response.content.readany()
        response.close()
        await ended.wait()
        assert await stage.outcome == "gone"


async def test_a_client_that_does_not_read_is_cut_off() -> None:
    ended = asyncio.Event()

    async def pieces() -> Pieces:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            ended.set()

    async def handle(request: web.Request) -> web.StreamResponse:
        return await answer(request, pieces(), "audio/wav", 0.1)

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestClient(PatientServer(app)) as client:
        _reader, writer = await asyncio.open_connection("127.0.0.1", client.port, limit=1)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await ended.wait()
        writer.transport.abort()


async def test_work_ends_when_its_client_leaves() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return "never"

    async def handle(request: web.Request) -> web.Response:
        with pytest.raises(ClientGone):
            await while_connected(request, work())
        return web.Response()

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestClient(PatientServer(app)) as client:
        asked = asyncio.create_task(client.get("/"))
        await begun.wait()
        asked.cancel()
        await cancelled.wait()


async def test_work_that_fails_fails_for_its_caller() -> None:
    async def work() -> str:
        raise ApiError(400, "No.")

    async def handle(request: web.Request) -> web.Response:
        with pytest.raises(ApiError, match=r"No\."):
            await while_connected(request, work())
        return web.Response(text="said")

    app = web.Application()
    app.router.add_get("/", handle)
    async with TestClient(PatientServer(app)) as client, client.get("/") as response:
        assert await response.text() == "said"
