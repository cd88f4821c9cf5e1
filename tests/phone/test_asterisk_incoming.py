"""Calls that wait in Asterisk: we are told of them, and go and fetch them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tests.phone.conftest import SCRIPTED, SHORT
from tests.support.phone.binary_lines import AsteriskLine
from tests.support.phone.line import open_line
from tests.support.server import ServerProcess

pytestmark = pytest.mark.socket

ID = "32966726-4388-456b-a333-fdf5dbecc60d"
USER, PASSWORD = "voice", "secret"


class WaitingAsterisk:
    """Asterisk's HTTP server with one call that waits."""

    def __init__(self) -> None:
        self.heard_ms = 0
        self.done = asyncio.Event()
        self.refused = 0

    async def media(self, request: web.Request) -> web.StreamResponse:
        """`/media/ID`."""
        expected = aiohttp.encode_basic_auth(USER, PASSWORD)
        if request.match_info["id"] != ID or request.headers.get("Authorization") != expected:
            self.refused += 1
            raise web.HTTPNotFound
        socket = web.WebSocketResponse(protocols=["media"])
        await socket.prepare(request)
        line = AsteriskLine(socket, "slin16", as_json=True)
        await line.begin()
        async with open_line(line, line.receive):
            await line.press("1")
            await line.press("#")
            await line.until_sounding(200)
            self.heard_ms = line.sounding_ms()
            await line.hang_up()
        self.done.set()
        return socket


@asynccontextmanager
async def waiting(port: int) -> AsyncIterator[WaitingAsterisk]:
    asterisk = WaitingAsterisk()
    app = web.Application()
    app.router.add_get("/media/{id}", asterisk.media)
    runner = web.AppRunner(app, shutdown_timeout=5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield asterisk
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
def server(unused_port: int) -> Iterator[ServerProcess]:
    phone = {
        "asterisk_url": f"http://127.0.0.1:{unused_port}",
        "asterisk_user": USER,
        "asterisk_password": PASSWORD,
    }
    options = [part for key, value in phone.items() for part in ("--set", f"phone.{key}={value}")]
    with ServerProcess(*SCRIPTED, *SHORT, *options) as server:
        yield server


async def tell(server: ServerProcess, body: object) -> tuple[int, str]:
    """Say that a call waits."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}asterisk/calls", json=body) as response,
    ):
        return response.status, await response.text()


async def test_a_call_that_waits_is_fetched_and_answered(
    server: ServerProcess, unused_port: int
) -> None:
    async with waiting(unused_port) as asterisk:
        status, _ = await tell(server, {"connection_id": ID, "parameters": {"language": "en"}})
        assert status == 202
        await asyncio.wait_for(asterisk.done.wait(), 20)
        assert asterisk.heard_ms >= 200


async def test_a_call_that_is_not_there_is_said_to_be_none(
    server: ServerProcess, unused_port: int
) -> None:
    async with waiting(unused_port) as asterisk:
        assert (await tell(server, {"connection_id": "other"}))[0] == 502
    assert asterisk.refused == 1
    assert (await tell(server, {"connection_id": ID}))[0] == 502, "nobody listens any more"


@pytest.mark.parametrize("id", ["", "../ari", "a/b", "a?b", "x" * 65, "ä"])
async def test_an_id_is_not_an_address(server: ServerProcess, id: str) -> None:
    status, text = await tell(server, {"connection_id": id})
    assert status == 400
    assert "connection_id" in text


async def test_without_asterisks_address_nothing_is_fetched(scripted_phone: ServerProcess) -> None:
    status, text = await tell(scripted_phone, {"connection_id": ID})
    assert status == 503
    assert "phone.asterisk_url" in text
