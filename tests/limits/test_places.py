"""Exactly as many come in as there are places (L-01), and neighbours are told from strangers."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import hello

pytestmark = pytest.mark.socket

PLACES, TOO_MANY = 20, 50
SETTINGS = {
    "limits.sessions_max": str(PLACES),
    "limits.sessions_per_ip_max": "1000",
    "limits.arrivals_per_s_max": "1000",
    "limits.arrivals_per_s_local_max": "1000",
}
SESSIONS = "voice_server_sessions"


async def test_exactly_as_many_as_there_are_places() -> None:
    """L-01: all at once, and again when all have left."""
    options = (word for item in SETTINGS.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        for _ in range(2):
            async with aiohttp.ClientSession() as http, AsyncExitStack() as stay:
                come = (_come(server.url, http, stay) for _ in range(PLACES + TOO_MANY))
                outcomes = await asyncio.gather(*come)
                assert outcomes.count(101) == PLACES
                assert outcomes.count(503) == TOO_MANY
                assert (await scrape(server.url))[SESSIONS] == PLACES
            counted = await scrape_until(server.url, lambda told: told[SESSIONS] == 0)
        assert counted['voice_server_limit_hits_total{limit="sessions"}'] == 2 * TOO_MANY
        assert counted['voice_server_refused_total{code="no_capacity"}'] == 2 * TOO_MANY


async def _come(url: str, http: aiohttp.ClientSession, stay: AsyncExitStack) -> int:
    """The status; whoever gets in stays."""
    try:
        socket = await stay.enter_async_context(http.ws_connect(f"{url}v1/voice"))
    except aiohttp.WSServerHandshakeError as refused:
        assert refused.headers is not None
        assert 1 <= int(refused.headers["Retry-After"]) <= 60
        return refused.status
    await socket.send_json(hello())
    await socket.receive_json()
    return 101
