"""What an operator sees: health, metrics, logs; and what a browser gets."""

import asyncio
import json
import re
import signal

import aiohttp
import pytest
from yarl import URL

from tests.support.collector import collecting
from tests.support.scrape import scrape, scrape_until
from tests.support.server import ROOT, ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.speech import say
from tests.support.voice_client import connected, hello

pytestmark = pytest.mark.socket


async def fetch(url: str | URL) -> tuple[aiohttp.ClientResponse, bytes]:
    async with aiohttp.ClientSession() as http, http.get(url, allow_redirects=False) as response:
        return response, await response.read()


# Health and metrics --------------------------------------------------------------------------


async def test_health_names_the_engines(server: ServerProcess) -> None:
    alive, _ = await fetch(f"{server.url}livez")
    ready, body = await fetch(f"{server.url}readyz")
    assert (alive.status, ready.status) == (200, 200)
    answer = json.loads(body)
    assert answer["status"] == "ready"
    assert set(answer["engines"]) == {"asr", "llm", "tts"}
    async with connected(server.url) as client:
        assert client.events("ready")[0]["models"] == answer["engines"]


async def test_a_turn_shows_in_the_metrics(scripted: ServerProcess) -> None:
    before = await scrape(scripted.url)
    speech = await asyncio.to_thread(say, "What time is it?", trail_ms=1000)
    async with connected(scripted.url) as client:
        await client.socket.send_bytes(speech[:30_000].tobytes())
        await client.socket.send_bytes(speech[30_000:].tobytes())
        await client.wait_for("response.done")
        await client.socket.send_str("nonsense")
        await client.wait_for("error")
        during = await scrape(scripted.url)
    after = await scrape_until(scripted.url, lambda counted: counted["voice_server_sessions"] == 0)
    assert during["voice_server_sessions"] == 1
    for name in (
        'voice_server_sessions_opened_total{mode="conversation"}',
        'voice_server_turns_total{outcome="heard"}',
        'voice_server_replies_total{status="completed"}',
        'voice_server_stage_seconds_count{stage="eos_to_first_audio"}',
        'voice_server_errors_total{code="bad_request"}',
    ):
        assert after[name] - before.get(name, 0) == 1, name
    assert 'voice_server_queue_depth{class="final"}' in after
    assert after["voice_server_loop_lag_seconds_count"] > 0


async def test_metrics_are_in_the_format_that_prometheus_reads(scripted: ServerProcess) -> None:
    response, body = await fetch(f"{scripted.url}metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"# HELP voice_server_sessions Open sessions." in body


# Logs ----------------------------------------------------------------------------------------

CANARIES = {
    "typed": "marmalade",
    "spoken": "zanzibar",
    "answered": "kaleidoscope",
    "instructed": "bumblebee",
    "said": "trapezoid",
    "key": "correct-horse-battery-staple",
    "wrong key": "wrong-horse-battery-staple",
    "nonsense": "gobbledygook",
    "in the address": "hippopotamus",
}


async def test_nobodys_words_are_logged_traced_or_measured() -> None:
    settings = {
        "logs.level": "debug",
        "auth.keys": f'["{CANARIES["key"]}"]',
        "asr.scripted.texts": f'["{CANARIES["spoken"]}"]',
        "llm.scripted.texts": f'["{CANARIES["answered"]}."]',
    }
    with collecting() as collector:
        settings["telemetry.endpoint"] = str(collector.settings.endpoint)
        options = [word for item in settings.items() for word in ("--set", "=".join(item))]
        with ServerProcess(*SCRIPTED, *options) as server:
            await say_all_canaries(server)
            _, measured = await fetch(f"{server.url}metrics")
        traced = b"".join(request.SerializeToString() for request in collector.requests)
    for where, canary in CANARIES.items():
        assert canary not in server.log.lower(), where
        assert canary.encode() not in measured.lower() + traced.lower(), where
    assert "session opened" in server.log
    assert collector.spans


async def test_nobodys_words_are_in_what_a_crash_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONFAULTHANDLER", "1")
    with ServerProcess(*SCRIPTED) as server:
        async with connected(server.url) as client:
            await client.send("text", text=CANARIES["typed"])
            await client.wait_for("audio.started")
            server.stop(signal.SIGABRT)
    assert "Fatal Python error: Aborted" in server.log
    assert CANARIES["typed"] not in server.log


async def say_all_canaries(server: ServerProcess) -> None:
    headers = {"Authorization": f"Bearer {CANARIES['key']}"}
    speech = await asyncio.to_thread(say, "What time is it?", trail_ms=1000)
    path = f"v1/voice?token={CANARIES['in the address']}"
    opening = hello(config={"instructions": CANARIES["instructed"]})
    async with connected(server.url, opening, path=path, headers=headers) as client:
        await client.send("text", text=CANARIES["typed"])
        await client.wait_for("response.done")
        await client.send("say", text=CANARIES["said"])
        await client.wait_for("response.done")
        await client.socket.send_bytes(speech[:30_000].tobytes())
        await client.socket.send_bytes(speech[30_000:].tobytes())
        final = await client.wait_for("transcript.final")
        await client.wait_for("response.done")
        await client.socket.send_str(CANARIES["nonsense"])
        await client.socket.send_str(json.dumps({"type": CANARIES["nonsense"]}))
        await client.wait_for("error")
        await client.wait_for("error")
    assert final["text"] == CANARIES["spoken"]
    protocols = ("voice.v1", f"token.{CANARIES['wrong key']}")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        async with connected(server.url, protocols=protocols):
            pass
    async with connected(server.url, protocols=(f"token.{CANARIES['key']}",)) as client:
        await client.send("ping")
        await client.wait_for("pong")


# The page ------------------------------------------------------------------------------------


async def test_the_page_comes_with_a_strict_policy(scripted: ServerProcess) -> None:
    response, body = await fetch(scripted.url)
    assert response.status == 200
    assert response.content_type == "text/html"
    assert body == (ROOT / "web" / "index.html").read_bytes()
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_everything_that_the_page_asks_for_is_there(scripted: ServerProcess) -> None:
    _, body = await fetch(scripted.url)
    assets = set(re.findall(r'(?:src|href)="([^"#]+)"', body.decode()))
    assert "app.js" in assets
    for asset in assets:
        response, content = await fetch(f"{scripted.url}{asset}")
        assert response.status == 200, asset
        assert "Content-Security-Policy" in response.headers, asset
        assert content


OUTSIDE = (
    "/../pyproject.toml",
    "/..%2fpyproject.toml",
    "/%2e%2e/pyproject.toml",
    "/%2e%2e%2fpyproject.toml",
    "/..%5cpyproject.toml",
    "/web/../../pyproject.toml",
    "/./../voice_server/app.py",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/app.js%00.html",
    "/nothing",
)


@pytest.mark.parametrize("path", OUTSIDE)
async def test_nothing_outside_the_page_is_served(scripted: ServerProcess, path: str) -> None:
    """Written by hand, since clients tidy such paths up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scripted.port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    status = int(answer.split()[1])
    assert status in (400, 403, 404), answer[:200]
    assert b"[project]" not in answer
    assert b"root:" not in answer


async def test_what_is_not_there_comes_with_the_policy_too(scripted: ServerProcess) -> None:
    response, _ = await fetch(f"{scripted.url}nothing")
    assert response.status == 404
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in response.headers


@pytest.mark.parametrize("path", ["", "v1/voice", "metrics"])
async def test_nothing_can_be_posted(scripted: ServerProcess, path: str) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{scripted.url}{path}", data=b"x" * 1000) as response,
    ):
        assert response.status == 405


async def test_a_plain_request_for_a_session_says_what_is_wanted(scripted: ServerProcess) -> None:
    response, body = await fetch(f"{scripted.url}v1/voice")
    assert response.status in (400, 426)
    assert b"websocket" in body.lower()
