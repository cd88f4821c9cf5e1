"""Exactly as many come in as there are places (L-01), and neighbours are told from strangers."""

import asyncio
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.support.scrape import scrape, scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import hello
from voice_server.door.front_door import FrontDoor
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings

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


async def test_strangers_get_fewer_connections_than_neighbours() -> None:
    """By address, beyond this machine; a trusted proxy brings as many as it likes."""
    limits = LimitSettings(connections_per_ip_max=2, connections_local_max=4)
    door = FrontDoor(asyncio.Protocol, limits, Metrics(), proxies=("192.0.2.1",))
    reached = {}
    for caller in ("203.0.113.9", "2001:db8::/64", "127.0.0.1", "192.0.2.1"):
        for number in range(10):
            if limit := door._reached(caller):
                reached[caller] = number, limit
                break
            door._present[caller] += 1
    assert reached == {
        "203.0.113.9": (2, "connections_per_ip"),
        "2001:db8::/64": (2, "connections_per_ip"),
        "127.0.0.1": (4, "connections_local"),
    }


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
