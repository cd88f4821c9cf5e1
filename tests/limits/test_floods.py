"""Clients that send more than anybody needs, or do not read (S-05, S-09, S-15, R-07): they are
told why they end, and the others do not notice."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.support.microphone import frame
from tests.support.raw_frames import BINARY
from tests.support.raw_frames import frame as websocket_frame
from tests.support.raw_socket import raw_socket
from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import VoiceClient, connected, hello

pytestmark = pytest.mark.socket

KEY = "correct-horse-battery-staple"
BEARER = {"Authorization": f"Bearer {KEY}"}
SETTINGS = {
    "auth.keys": f'["{KEY}"]',
    "auth.failures_per_min_max": "1000",
    "limits.sessions_per_user_max": "100",
    "limits.frames_per_s": "1000",
    "limits.cancels_per_s": "5",
    "limits.send_timeout_s": "4",
    "limits.flood_s_max": "1",
    "limits.polite_refusals_per_s_max": "1",
    "tts.scripted.char_ms": "5",
}
SLOW = 'voice_server_errors_total{code="slow_consumer"}'
EMPTY_MESSAGES = 100_000
GROWTH_BYTES_MAX = 8 << 20


def hits(limit: str) -> str:
    return f'voice_server_limit_hits_total{{limit="{limit}"}}'


def resident_bytes(server: ServerProcess) -> int:
    """Memory of the server that is in RAM (proc(5), statm, field 2)."""
    pages = Path(f"/proc/{server.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def strict() -> Iterator[ServerProcess]:
    """A server with little patience, and a key."""
    options = (word for item in SETTINGS.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


async def talk(client: VoiceClient) -> None:
    """Somebody else's conversation goes on."""
    await client.send("text", text="Hello.")
    done = await client.wait_for("response.done")
    assert done["status"] == "completed"


async def test_a_storm_of_cancels_ends_with_its_reason(strict: ServerProcess) -> None:
    """S-15: ten at once, five per second, and after a second of waiting nobody waits any more."""
    async with (
        connected(strict.url, headers=BEARER) as wild,
        connected(strict.url, headers=BEARER) as other,
    ):
        for _ in range(200):
            await wild.send("cancel")
        await talk(other)
        error = await wild.wait_for("error")
        assert await wild.closed() == 4029
        await talk(other)
    assert (error["code"], error["fatal"]) == ("rate_limited", True)
    counted = await scrape(strict.url)
    assert counted[hits("flood")] == 1
    assert counted[hits("cancel_rate")] >= 5


async def test_a_hundred_thousand_empty_messages_cost_little(strict: ServerProcess) -> None:
    """S-09: nobody looks at more of them than anybody needs, so nobody else has to wait."""
    empty = websocket_frame(BINARY)
    before = resident_bytes(strict)
    async with (
        raw_socket(strict.port, **BEARER) as wild,
        connected(strict.url, headers=BEARER) as other,
    ):
        await wild.send_json(**hello(mode="transcription"))
        await wild.wait_for("ready")
        sending = asyncio.create_task(wild.send_bytes(empty * EMPTY_MESSAGES))
        assert await wild.close_code() == 4029
        await talk(other)
        sending.cancel()
    assert resident_bytes(strict) - before < GROWTH_BYTES_MAX
    assert (await scrape(strict.url))[hits("frames")] == 1


async def test_a_client_that_never_reads_is_cut_off_and_told_why(strict: ServerProcess) -> None:
    """R-07, P7: if it begins to read, soon enough, it learns the reason. Nobody else notices."""
    opening = hello(mode="tts", out_rate=48_000)
    async with (
        raw_socket(strict.port, **BEARER) as deaf,
        connected(strict.url, headers=BEARER) as other,
    ):
        await deaf.send_json(**opening)
        await deaf.wait_for("ready")
        await deaf.send_json(type="say", text="Many words. " * 1000)
        await scrape_until(strict.url, lambda told: told.get(SLOW) == 1)
        deaf.hurry()
        await deaf.wait_for("error", code="slow_consumer")
        assert await deaf.close_code() == 4010
        await talk(other)
        await deaf.read_to_end()
    counted = await scrape_until(strict.url, lambda told: told["voice_server_sessions"] == 0)
    assert sum(counted.get(hits(limit), 0) for limit in ("send_timeout", "out_queue_bytes")) == 1


async def test_odd_samples_are_refused_and_in_a_row_they_end_it(strict: ServerProcess) -> None:
    """S-05: half a sample is `bad_audio`; twenty times in a row it is nonsense."""
    async with connected(strict.url, hello(framing="framed"), headers=BEARER) as client:
        for _ in range(19):
            await client.socket.send_bytes(frame(0, b"odd"))
        await talk(client)
        for _ in range(20):
            await client.socket.send_bytes(frame(0, b"odd"))
        assert await client.closed() == 4500
    *before, last = (error["code"] for error in client.events("error"))
    assert (set(before), last) == ({"bad_audio"}, "bad_request")
    assert len(before) >= 19


async def test_few_are_refused_politely_and_the_rest_shortly(strict: ServerProcess) -> None:
    """A page without a key learns why on its socket, but not in crowds: the rest get a status."""
    page = {"Origin": strict.url.rstrip("/")}

    async def come(http: aiohttp.ClientSession) -> int:
        try:
            async with http.ws_connect(f"{strict.url}v1/voice", headers=page) as socket:
                told = await socket.receive_json()
                assert told["code"] == "unauthorized"
                await socket.receive()
                assert socket.close_code == 4501
            return 101
        except aiohttp.WSServerHandshakeError as refused:
            return refused.status

    async with aiohttp.ClientSession() as http:
        statuses = await asyncio.gather(*(come(http) for _ in range(30)))
    assert set(statuses) == {101, 401}
    counted = await scrape(strict.url)
    assert counted[hits("polite_refusals")] == statuses.count(401)
