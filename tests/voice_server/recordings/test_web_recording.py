"""Recordings on a web server: fetched, read, deleted; and servers that have none."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.http_server import PatientServer
from voice_server.recordings.audio_file import AudioFileError
from voice_server.recordings.web_recording import at_hand

pytestmark = pytest.mark.socket

CLIP = Path(__file__).parents[2] / "clips" / "question.flac"


async def serve_clip(request: web.Request) -> web.FileResponse:
    return web.FileResponse(CLIP)


async def break_off(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"RIFF")
    assert request.transport
    request.transport.abort()
    return response


@pytest.fixture
async def address() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/clips/question.flac", serve_clip)
    app.router.add_get("/broken.wav", break_off)
    async with PatientServer(app) as server:
        yield str(server.make_url("/"))


async def test_it_is_a_file_for_as_long_as_it_is_read(address: str) -> None:
    async with at_hand(f"{address}clips/question.flac?for=me") as path:
        file = Path(path)
        assert file.name == "question.flac"
        assert await asyncio.to_thread(file.read_bytes) == CLIP.read_bytes()
    assert not await asyncio.to_thread(file.exists)


async def test_a_file_is_left_where_it_is() -> None:
    async with at_hand(str(CLIP)) as path:
        assert path == str(CLIP)
    assert await asyncio.to_thread(CLIP.exists)


@pytest.mark.parametrize(
    ("path", "why"), [("none.wav?key=secret", "the server says 404 Not Found"), ("broken.wav", ":")]
)
async def test_what_cannot_be_fetched_is_named_without_secrets(
    address: str, path: str, why: str
) -> None:
    with pytest.raises(AudioFileError, match="cannot be fetched") as caught:
        async with at_hand(address + path):
            pass
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_too_much_is_not_kept(address: str) -> None:
    with pytest.raises(AudioFileError, match=r"has more than 1,000 bytes\."):
        async with at_hand(f"{address}clips/question.flac", bytes_max=1000):
            pass


@pytest.mark.parametrize(
    ("address", "why"),
    [("http://127.0.0.1:9/a.wav", "cannot be fetched"), ("http://[/a.wav", "is no address")],
)
async def test_nobody_there(address: str, why: str) -> None:
    with pytest.raises(AudioFileError, match=why):
        async with at_hand(address):
            pass
