"""Credentials that end before the talk does: tickets that work once, tokens that expire."""

from collections.abc import Iterator

import aiohttp
import pytest

from tests.support.fault_proxy import fault_proxy
from tests.support.provider import believing, token
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected, hello
from tests.voice_server.client.test_call import wait_for
from voice_server.client import (
    Notice,
    Ready,
    Reconnected,
    Reconnecting,
    Reconnection,
    ReplyDone,
    Unauthorized,
    connect,
)
from voice_server.identity.keys import entry

pytestmark = pytest.mark.socket

KEY = "correct-horse-battery-staple"
AT_ONCE = Reconnection(shortest_s=0.01)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Believes a key, and a provider whose clock is its own."""
    provider = believing(tmp_path_factory.mktemp("idp"))
    settings = {
        "auth.keys": f'["{entry(KEY, "alice")}"]',
        "auth.recheck_s": "0.1",
        **provider,
        "auth.jwt.leeway_s": "0",
        "tts.scripted.char_ms": "5",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


async def test_tickets_over_broken_connections(guarded: ServerProcess) -> None:
    """Each works once; the function fetches another for every connection."""
    fetched: list[str] = []

    async def ticket() -> str:
        bearer = {"Authorization": f"Bearer {KEY}"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{guarded.url}v1/tickets", headers=bearer, json={}) as response,
        ):
            fetched.append((await response.json())["ticket"])
        return fetched[-1]

    async with fault_proxy(guarded.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/"
        async with connect(url, ticket, reconnection=AT_ONCE) as call:
            first = await wait_for(call, Ready)
            for _ in range(2):
                proxy.reset()
                assert (await wait_for(call, Reconnected)).resumed
            await call.text("Are you still there?")
            assert (await wait_for(call, ReplyDone)).status == "completed"
        assert len(set(fetched)) == 3
        with pytest.raises(Unauthorized):
            async with connect(url, fetched[-1]):
                pass
    assert first.session


async def test_a_token_that_expires_is_announced_and_ends_the_session(
    guarded: ServerProcess,
) -> None:
    bearer = {"Authorization": f"Bearer {token(4)}"}
    async with connected(guarded.url, headers=bearer) as client:
        notice = await client.wait_for("notice", lambda told: told["code"] == "token_expires")
        error = await client.wait_for("error")
        assert await client.closed() == 4501
    assert 0 <= notice["in_s"] <= 4
    assert (error["code"], error["fatal"]) == ("token_expired", True)


async def test_whoever_comes_back_with_a_new_token_goes_on(guarded: ServerProcess) -> None:
    """The announcement is enough: the client fetches another token, and keeps its session."""
    lives_s = iter((30.0, 800.0))
    async with connect(guarded.url, lambda: token(next(lives_s)), reconnection=AT_ONCE) as call:
        first = await wait_for(call, Ready)
        assert (await wait_for(call, Notice)).code == "token_expires"
        assert "expires" in (await wait_for(call, Reconnecting)).reason
        again = await wait_for(call, Ready)
        assert (again.session, again.resumed) == (first.session, True)
        await call.text("Are you still there?")
        assert (await wait_for(call, ReplyDone)).status == "completed"


async def test_a_key_never_expires(guarded: ServerProcess) -> None:
    bearer = {"Authorization": f"Bearer {KEY}"}
    async with connected(guarded.url, hello(), headers=bearer) as client:
        await client.send("ping")
        await client.wait_for("pong")
        assert client.events("notice") == []
