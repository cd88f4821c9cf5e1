"""Two server processes that share one real Redis, as a user who may touch our keys only (S-23)."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from tests.support.redis_server import RedisServer
from tests.support.scrape import PATIENCE_S, scrape
from tests.support.server import ROOT, ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import VoiceClient, connected
from voice_server.identity.keys import entry

pytestmark = pytest.mark.socket

KEY, OTHER_KEY = "correct-horse-battery-staple", "another-horse-battery-staple"
BEARER = {"Authorization": f"Bearer {KEY}"}
AS_ALICE, AS_EVE = (("voice.v1", f"token.{key}") for key in (KEY, OTHER_KEY))
LIMITS = {"sessions_per_ip_max": 3, "arrivals_per_s_per_ip_max": 1000}
ELSEWHERE = {"X-Forwarded-For": "192.0.2.1"}


class Shared:
    """Both servers and their Redis."""

    def __init__(self, redis: RedisServer, *servers: ServerProcess) -> None:
        self.redis = redis
        self.here, self.there = servers


def options(redis: RedisServer) -> list[str]:
    """Of both servers. Nothing but news can be heard of in less than a minute."""
    limits = (f"limits.{name}={value}" for name, value in LIMITS.items())
    keys = f'["{entry(KEY, "alice")}", "{entry(OTHER_KEY, "eve")}"]'
    proxies = 'server.trusted_proxies=["127.0.0.1"]'
    settings = [f"auth.keys={keys}", proxies, "tts.scripted.char_ms=1", *limits]
    ours = (word for setting in settings for word in ("--set", setting))
    store = redis.options(url=redis.confine(), durability="require", breaker_rest_s=1)
    return [*SCRIPTED, *ours, *store]


@pytest.fixture(scope="module")
def shared() -> Iterator[Shared]:
    """Started once; a test leaves Redis running."""
    with RedisServer() as redis:
        words = options(redis)
        far = ("--set", "auth.recheck_s=60")
        with ServerProcess(*words) as here, ServerProcess(*words, *far) as there:
            yield Shared(redis, here, there)


@pytest.fixture(autouse=True)
async def alone(shared: Shared) -> None:
    """Begin when those of the test before have left, which nobody waits for."""
    async with asyncio.timeout(PATIENCE_S):
        while any(shared.redis.admin.scan_iter("vs:group:sessions_at:*")):
            await health(shared.here, "livez")


async def made(server: ServerProcess) -> str:
    """A ticket, as a subprotocol."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}v1/tickets", headers=BEARER, json={}) as response,
    ):
        found: dict[str, Any] = await response.json()
        assert response.status == 200, found
        return str(found["subprotocol"])


async def answer(
    server: ServerProcess, protocol: str, headers: Mapping[str, str] | None = None
) -> tuple[int, str | None]:
    """The status of an attempt to talk, and when to come back."""
    async with aiohttp.ClientSession() as http:
        address, protocols = f"{server.url}v1/voice", ["voice.v1", protocol]
        try:
            async with http.ws_connect(address, protocols=protocols, headers=headers) as socket:
                await socket.send_json({"type": "bye"})
                return 101, None
        except aiohttp.WSServerHandshakeError as error:
            assert error.headers is not None
            return error.status, error.headers.get("Retry-After")


async def health(server: ServerProcess, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}{path}") as response:
        return response.status, (await response.json())["status"]


async def until_ready(server: ServerProcess, expected: tuple[int, str]) -> None:
    """Ask again and again: nobody is told when it has noticed."""
    async with asyncio.timeout(PATIENCE_S):
        while await health(server, "readyz") != expected:
            pass


async def talks(client: VoiceClient, said: str) -> None:
    """A question is answered, aloud."""
    await client.send("text", text=said)
    assert (await client.wait_for("response.done"))["status"] == "completed"


async def test_s10_a_ticket_of_one_process_opens_once_at_all(shared: Shared) -> None:
    protocol = await made(shared.here)
    both = (shared.here, shared.there)
    ends = await asyncio.gather(*(answer(both[n % 2], protocol) for n in range(40)))
    statuses = [status for status, _ in ends]
    assert statuses.count(101) == 1
    assert {status for status in statuses if status != 101} <= {401, 429}
    shared.redis.flush()  # the wrong ones were counted against the address


async def test_l03_a_user_has_so_many_sessions_on_both(shared: Shared) -> None:
    async with AsyncExitStack() as stack:
        for server in (shared.here, shared.there, shared.here):
            await stack.enter_async_context(connected(server.url, protocols=AS_ALICE))
        assert await answer(shared.there, AS_ALICE[1], ELSEWHERE) == (429, "5")


async def test_l03_an_address_has_so_many_sessions_on_both(shared: Shared) -> None:
    async with AsyncExitStack() as stack:
        for server, who in (
            (shared.here, AS_ALICE),
            (shared.there, AS_ALICE),
            (shared.here, AS_EVE),
        ):
            await stack.enter_async_context(connected(server.url, protocols=who))
        assert await answer(shared.there, AS_EVE[1]) == (429, "5")
        assert (await answer(shared.there, AS_EVE[1], ELSEWHERE))[0] == 101


async def test_s12_what_is_revoked_ends_sessions_of_another_process_at_once(
    shared: Shared,
) -> None:
    async with connected(shared.there.url, protocols=AS_EVE) as client:
        command = [sys.executable, "-m", "voice_server", "token", "revoke", "eve"]
        redis = shared.redis.options()
        done = await asyncio.to_thread(
            subprocess.run, [*command, *redis], cwd=ROOT, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr
        error = await client.wait_for("error", lambda error: bool(error["fatal"]))
        assert (error["code"], await client.closed()) == ("revoked", 4501)
    assert (await answer(shared.there, AS_EVE[1]))[0] == 401


async def test_r20_without_redis_nobody_new_comes_in_and_those_who_talk_go_on(
    shared: Shared,
) -> None:
    ticket = await made(shared.here)
    async with connected(shared.here.url, protocols=AS_ALICE) as client:
        shared.redis.kill()
        try:
            assert await answer(shared.here, ticket) == (503, "5")
            assert await answer(shared.here, AS_ALICE[1]) == (503, "5")
            await until_ready(shared.here, (503, "store_down"))
            assert await health(shared.here, "livez") == (200, "alive")
            await talks(client, "Hello?")
        finally:
            shared.redis.start()
        await until_ready(shared.here, (200, "ready"))
        await talks(client, "Hello again?")
    assert (await answer(shared.here, await made(shared.here)))[0] == 101


async def test_r21_while_redis_is_frozen_those_who_talk_go_on(shared: Shared) -> None:
    async with connected(shared.here.url, protocols=AS_ALICE) as client:
        shared.redis.freeze()
        try:
            assert await answer(shared.here, AS_ALICE[1]) == (503, "5")
            await talks(client, "Hello?")
        finally:
            shared.redis.thaw()
        await until_ready(shared.here, (200, "ready"))
        await talks(client, "Hello again?")


async def test_r23_without_room_in_redis_nobody_new_comes_in_and_it_is_said(
    shared: Shared,
) -> None:
    async with connected(shared.here.url, protocols=AS_ALICE) as client:
        shared.redis.admin.config_set("maxmemory", 1)
        try:
            await until_ready(shared.here, (503, "store_down"))
            assert await answer(shared.here, AS_ALICE[1]) == (503, "5")
            await talks(client, "Hello?")
            assert (await scrape(shared.here.url))["voice_server_store_resting"] == 0
        finally:
            shared.redis.admin.config_set("maxmemory", 0)
        await until_ready(shared.here, (200, "ready"))
