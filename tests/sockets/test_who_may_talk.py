"""Keys, tickets, leashes, budgets and revocation against the real server."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.scrape import scrape, scrape_until
from tests.support.server import ROOT, ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import VoiceClient, connected, hello
from voice_server.identity.keys import entry

pytestmark = pytest.mark.socket

KEY, OTHER_KEY = "correct-horse-battery-staple", "another-horse-battery-staple"
BEARER = {"Authorization": f"Bearer {KEY}"}
KIOSK = "https://kiosk.example"


@pytest.fixture(scope="module")
def revoked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `token revoke` writes."""
    return tmp_path_factory.mktemp("state") / "revoked"


@pytest.fixture(scope="module")
def guarded(revoked: Path) -> Iterator[ServerProcess]:
    """Two users, some places each, and hardly a budget."""
    keys = ", ".join(f'"{entry(key, user)}"' for key, user in ((KEY, "alice"), (OTHER_KEY, "eve")))
    settings = {
        "auth.keys": f"[{keys}]",
        "auth.revoked_file": str(revoked),
        "auth.recheck_s": "0.2",
        "server.allowed_origins": f'["{KIOSK}"]',
        "server.trusted_proxies": '["127.0.0.1"]',
        "budgets.tts_chars_max": "4000",
        "tts.scripted.char_ms": "1",
        "logs.level": "debug",
    }
    options = (word for item in settings.items() for word in ("--set", "=".join(item)))
    with ServerProcess(*SCRIPTED, *options) as server:
        yield server


async def made(server: ServerProcess, path: str, **asked: Any) -> dict[str, Any]:
    """A ticket or a client secret."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{server.url}{path}", headers=BEARER, json=asked) as response,
    ):
        found: dict[str, Any] = await response.json()
        assert response.status == 200, found
        return found


async def status(server: ServerProcess, protocol: str = "", **headers: str) -> int:
    """What answers an attempt to talk."""
    protocols = ["voice.v1", protocol] if protocol else ["voice.v1"]
    async with aiohttp.ClientSession() as http:
        try:
            address = f"{server.url}v1/voice"
            async with http.ws_connect(address, protocols=protocols, headers=headers) as socket:
                await socket.send_json({"type": "bye"})
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


def with_secret(server: ServerProcess, secret: dict[str, Any], **more: Any) -> Any:
    protocols = ("voice.v1", f"token.{secret['value']}")
    return connected(server.url, protocols=protocols, **more)


async def ended(client: VoiceClient) -> tuple[str, int | None]:
    """With which error and which code the server ended it."""
    error = await client.wait_for("error", lambda error: bool(error["fatal"]))
    return error["code"], await client.closed()


async def test_one_ticket_opens_once_however_many_come(guarded: ServerProcess) -> None:
    ticket = await made(guarded, "v1/tickets")
    protocol = ticket["subprotocol"]
    statuses = await asyncio.gather(*(status(guarded, protocol) for _ in range(10)))
    assert sorted(statuses).count(101) == 1
    assert {found for found in statuses if found != 101} <= {401, 429}


async def test_a_ticket_of_a_page_is_for_that_page(guarded: ServerProcess) -> None:
    ticket = await made(guarded, "v1/tickets", origin=KIOSK)
    forwarded = {"X-Forwarded-For": "10.1.1.1"}
    assert await status(guarded, ticket["subprotocol"], **forwarded) == 401
    ticket = await made(guarded, "v1/tickets", origin=KIOSK)
    assert await status(guarded, ticket["subprotocol"], Origin=KIOSK, **forwarded) == 101


async def test_wrong_keys_are_slowed_down_by_address(guarded: ServerProcess) -> None:
    guessing = {"X-Forwarded-For": "10.2.2.2"}
    statuses = [await status(guarded, "token.wrong-key", **guessing) for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    assert await status(guarded, f"token.{KEY}", **guessing) == 429
    assert await status(guarded, f"token.{KEY}") == 101


async def test_a_leash_ends_a_session_in_time_with_a_warning(guarded: ServerProcess) -> None:
    secret = await made(guarded, "v1/realtime/client_secrets", max_session_s=1)
    async with with_secret(guarded, secret) as client:
        assert (await client.wait_for("notice"))["code"] == "session_ends"
        assert await ended(client) == ("max_session", 4029)


async def test_a_leash_ends_after_its_turns_wherever_they_were(guarded: ServerProcess) -> None:
    secret = await made(guarded, "v1/realtime/client_secrets", max_turns=2)
    async with with_secret(guarded, secret) as client:
        await client.send("text", text="Hello?")
        await client.wait_for("response.done")
    async with with_secret(guarded, secret, opening=hello(reports=True)) as client:
        await client.send("text", text="Hello again?")
        assert await ended(client) == ("forbidden", 4503)
        assert client.events("response.done")
    assert await status(guarded, f"token.{secret['value']}") == 403


async def test_a_budget_warns_and_ends(guarded: ServerProcess) -> None:
    ticket = await made(guarded, "v1/tickets", user="talker", mode="tts")
    protocols = ("voice.v1", ticket["subprotocol"])
    async with connected(guarded.url, hello(mode="tts"), protocols=protocols) as client:
        for _ in range(4):
            await client.send("say", text="word " * 220)
        assert (await client.wait_for("notice"))["code"] == "budget_80"
        assert await ended(client) == ("budget_exceeded", 4529)
    samples = await scrape(guarded.url)
    assert samples['voice_server_limit_hits_total{limit="budget_tts_chars"}'] >= 1
    async with aiohttp.ClientSession() as http:
        asked = {"user": "talker", "mode": "tts"}
        address = f"{guarded.url}v1/tickets"
        async with http.post(address, headers=BEARER, json=asked) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json())["error"]["code"] == "insufficient_quota"


async def test_who_is_revoked_is_stopped_while_talking(
    guarded: ServerProcess, revoked: Path
) -> None:
    other = {"Authorization": f"Bearer {OTHER_KEY}"}
    async with (
        connected(guarded.url, headers=other) as client,
        connected(guarded.url, headers=BEARER) as neighbour,
    ):
        command = [sys.executable, "-m", "voice_server", "token", "revoke", "eve"]
        place = ["--set", f"auth.revoked_file={revoked}"]
        await asyncio.to_thread(subprocess.run, [*command, *place], cwd=ROOT, check=True)
        assert await ended(client) == ("revoked", 4501)
        await neighbour.send("ping")
        await neighbour.wait_for("pong")
    assert await status(guarded, **other) == 401


async def test_places_of_a_user_come_back(guarded: ServerProcess) -> None:
    await scrape_until(guarded.url, lambda found: found["voice_server_sessions"] == 0)
    tickets = [await made(guarded, "v1/tickets", user="many") for _ in range(3)]
    for _ in range(2):
        asked = {"user": "many"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{guarded.url}v1/tickets", headers=BEARER, json=asked) as response,
        ):
            assert response.status == 429
    for ticket in tickets:
        assert await status(guarded, ticket["subprotocol"]) == 101
    await scrape_until(guarded.url, lambda found: found["voice_server_sessions"] == 0)
    await made(guarded, "v1/tickets", user="many")


def test_no_credential_is_in_the_log() -> None:
    """Everything above, at the most talkative level, once more with a server of its own."""
    with ServerProcess(
        *SCRIPTED, "--set", f'auth.keys=["{KEY}"]', "--set", "logs.level=debug"
    ) as server:
        values = asyncio.run(_shown(server))
    for value in (KEY, *values):
        assert value not in server.log


async def _shown(server: ServerProcess) -> list[str]:
    ticket = await made(server, "v1/tickets")
    secret = await made(server, "v1/realtime/client_secrets")
    values = [ticket["ticket"], secret["value"], "a-wrong-key-of-mine"]
    for value in (*values, ticket["ticket"]):
        await status(server, f"token.{value}")
        await status(server, f"openai-insecure-api-key.{value}")
        await status(server, Authorization=f"Bearer {value}")
    return values
