"""Limits on what a client sends once it is in: each is counted by its name."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from tests.support.raw_frames import BINARY, CONTINUATION, TEXT, fragments, frame
from tests.support.raw_socket import raw_socket
from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import VoiceClient, connected, hello

pytestmark = pytest.mark.socket

SETTINGS = {
    "message_bytes_max": "20000",
    "text_bytes_max": "2000",
    "fragments_max": "50",
    "bad_messages_max": "5",
    "hello_timeout_s": "0.5",
    "audio_burst_s": "1",
    "control_messages_per_s": "5",
    "sessions_max": "100",
    "sessions_per_ip_max": "100",
    "arrivals_per_s_max": "1000",
    "arrivals_per_s_local_max": "10",
    "resume_s": "0",
}


def hits(limit: str) -> str:
    return f'voice_server_limit_hits_total{{limit="{limit}"}}'


@pytest.fixture(scope="module")
def tight() -> Iterator[ServerProcess]:
    """A server that allows little of everything."""
    limits = (f"limits.{name}={value}" for name, value in SETTINGS.items())
    options = (word for assignment in limits for word in ("--set", assignment))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


@asynccontextmanager
async def counted(server: ServerProcess, limit: str) -> AsyncIterator[None]:
    """What happens inside reaches this limit."""
    before = (await scrape(server.url)).get(hits(limit), 0)
    yield
    await scrape_until(server.url, lambda found: found.get(hits(limit), 0) > before)


async def too_long(client: VoiceClient) -> None:
    await client.socket.send_bytes(bytes(20_001))
    assert await client.closed() == 1009


async def too_wordy(client: VoiceClient) -> None:
    await client.send("text", text="a" * 2000)
    error = await client.wait_for("error")
    assert (error["code"], error["fatal"]) == ("too_large", False)


async def too_fast(client: VoiceClient) -> None:
    for _ in range(8):
        await client.socket.send_bytes(bytes(16_000))
    await client.wait_for("flow", lambda flow: bool(flow["acked_pos"] >= 64_000))


async def too_crumbly(client: VoiceClient) -> None:
    for _ in range(600):  # a burst of 1 s, at 2 ms each, is 500
        await client.socket.send_bytes(b"\0\0")
    await client.send("ping")
    await client.wait_for("pong")


async def too_empty(client: VoiceClient) -> None:
    for _ in range(600):
        await client.socket.send_bytes(b"")
    await client.send("ping")
    await client.wait_for("pong")


async def too_talkative(client: VoiceClient) -> None:
    for _ in range(12):
        await client.send("ping")
    for _ in range(12):
        await client.wait_for("pong")


async def too_confused(client: VoiceClient) -> None:
    for _ in range(5):
        await client.socket.send_str("?")
    assert await client.closed() == 4500


@pytest.mark.parametrize(
    ("limit", "provoke"),
    [
        ("message_bytes", too_long),
        ("text_bytes", too_wordy),
        ("audio_rate", too_fast),
        ("audio_rate", too_crumbly),
        ("audio_rate", too_empty),
        ("control_rate", too_talkative),
        ("bad_messages", too_confused),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
async def test_a_limit_is_counted(
    tight: ServerProcess, limit: str, provoke: Callable[[VoiceClient], object]
) -> None:
    async with counted(tight, limit), connected(tight.url, hello(mode="transcription")) as client:
        await provoke(client)  # type: ignore[misc]  # a coroutine


async def test_hello_timeout(tight: ServerProcess) -> None:
    async with counted(tight, "hello_timeout"), connected(tight.url, greet=False) as client:
        assert await client.closed() == 4008


async def test_fragments(tight: ServerProcess) -> None:
    async with counted(tight, "fragments"), raw_socket(tight.port) as client:
        await client.send_bytes(fragments(BINARY, *[b"a"] * 60))
        assert await client.close_code() == 1009


async def test_a_frame_that_never_ends_does_not_keep_the_place(tight: ServerProcess) -> None:
    """S-07: announced and begun, then nothing: the time for a hello runs all the same."""
    async with counted(tight, "hello_timeout"), raw_socket(tight.port) as client:
        await client.send_bytes(frame(BINARY, announced=19_000)[:14])
        assert await client.close_code() == 4008


async def test_a_message_that_never_ends_does_not_either(tight: ServerProcess) -> None:
    async with counted(tight, "hello_timeout"), raw_socket(tight.port) as client:
        await client.send_bytes(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, fin=False))
        assert await client.close_code() == 4008


async def test_arrivals_per_ip(tight: ServerProcess) -> None:
    """Twenty may come at once from one address, then ten per second."""

    async def arrive(http: aiohttp.ClientSession) -> int:
        try:
            async with http.ws_connect(f"{tight.url}v1/voice") as socket:
                await socket.send_json(hello())
                await socket.receive_json()
            return 101
        except aiohttp.WSServerHandshakeError as error:
            assert error.headers is not None
            assert error.headers["Retry-After"] == "1"
            return error.status

    async with counted(tight, "arrivals_per_ip"), aiohttp.ClientSession() as http:
        statuses = await asyncio.gather(*(arrive(http) for _ in range(35)))
    assert set(statuses) == {101, 429}
