"""Two server processes behind real nginx, with the files that are shipped for it.

All tests but the last ones share two processes, which ask for keys and log as much as they can.
"""

import asyncio
import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from tests.support.nginx import (
    SHIPPED,
    Nginx,
    Processes,
    behind_nginx,
    named,
    processes_conf,
    with_certificate,
)
from tests.support.scrape import scrape_when_alone
from tests.support.servers import SCRIPTED
from tests.support.speech import say
from tests.support.voice_client import FEATURES, Json, VoiceClient, connected, hello
from voice_server.client import Call, Ready, Reconnection, ReplyDone, connect
from voice_server.door.certificate import make
from voice_server.identity.keys import entry
from voice_server.settings import Settings

pytestmark = pytest.mark.socket

KEY = "correct-horse-battery-staple"
BEARER = {"Authorization": f"Bearer {KEY}"}
SETTINGS = {
    "auth.keys": f'["{entry(KEY, "alice")}"]',
    "logs.level": "debug",
    "tts.scripted.char_ms": "5",
    "limits.sessions_per_user_max": "1000",
    "limits.sessions_per_ip_max": "1000",
    "limits.arrivals_per_s_local_max": "1000",
    "limits.connections_local_max": "8",  # those that nginx brings are many people's
}
OPTIONS = (*SCRIPTED, *(word for item in SETTINGS.items() for word in ("--set", "=".join(item))))
QUICK = (*SCRIPTED, "--set", "tts.scripted.char_ms=5")
PATIENCE_S = 30.0
IMPATIENT = Reconnection(attempts_max=None, shortest_s=0.05, longest_s=0.2)
PER_ADDRESS = 40
"""Requests and conversations that the file allows one address."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Nginx, Processes]]:
    """nginx and the processes behind it, by name."""
    with behind_nginx(tmp_path_factory.mktemp("nginx"), named(*OPTIONS)) as found:
        yield found


@pytest.fixture(scope="module")
def nginx(house: tuple[Nginx, Processes]) -> Nginx:
    """Only what clients see of them."""
    return house[0]


def process_of(client: VoiceClient) -> str:
    """Which process has this session: its name says so."""
    return str(client.events("ready")[-1]["session"]).split("_")[1]


async def talk(client: VoiceClient) -> None:
    """One turn, there and back."""
    await client.send("text", text="Hello.")
    done = await client.wait_for("response.done")
    assert done["status"] == "completed"


async def status(url: str, *, source: str = "127.0.0.1", **headers: str) -> int:
    """What is answered to a GET from this address."""
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    async with (
        aiohttp.ClientSession(connector=connector) as http,
        http.get(url, headers=headers) as response,
    ):
        return response.status


async def logged(nginx: Nginx, words: str) -> str:
    """The log, as soon as it holds these words: nginx writes it after it has answered."""
    async with asyncio.timeout(PATIENCE_S):
        while words not in nginx.log:
            await status(f"{nginx.url}nginx")
    return nginx.log


# The files -----------------------------------------------------------------------------------


def test_nginx_has_nothing_to_complain_about(nginx: Nginx) -> None:
    assert nginx.complaints() == ""


def test_what_the_file_says_fits_the_settings() -> None:
    text = (SHIPPED / "voice-server.conf").read_text()
    limits = Settings().limits

    def said(directive: str, unit: str) -> int:
        return int(re.findall(rf"^    {directive} (\d+){unit};", text, re.MULTILINE)[0])

    assert said("proxy_read_timeout", "s") > 2 * limits.ping_interval_s
    assert said("client_header_timeout", "s") == limits.header_timeout_s
    assert said("client_max_body_size", "m") * 1_048_576 > Settings().rest.upload_bytes_max
    assert said("limit_conn voice_addresses", "") == PER_ADDRESS


async def test_with_a_certificate_as_shipped(
    tmp_path: Path, house: tuple[Nginx, Processes]
) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for path, pem in zip((cert, key), make(["127.0.0.1"], datetime.now(UTC)), strict=True):
        path.write_bytes(pem)
    folder = tmp_path / "nginx"
    folder.mkdir()
    processes = processes_conf(house[1])
    with Nginx(folder, processes, listen=with_certificate(cert, key)) as nginx:
        assert nginx.complaints() == ""
        async with connect(nginx.url, KEY, trust=cert) as call:
            await call.text("Hello.")
            async with asyncio.timeout(PATIENCE_S):
                async for event in call:
                    if isinstance(event, ReplyDone):
                        break


# Conversations -------------------------------------------------------------------------------


async def test_a_turn_is_spoken_and_answered(nginx: Nginx) -> None:
    speech = await asyncio.to_thread(say, "What time is it?", trail_ms=1000)
    async with connected(nginx.url, headers=BEARER) as client:
        await client.socket.send_bytes(speech[:30_000].tobytes())
        await client.socket.send_bytes(speech[30_000:].tobytes())
        final = await client.wait_for("transcript.final")
        done = await client.wait_for("response.done")
    assert final["text"] and done["status"] == "completed"
    assert client.events("audio")


async def test_conversations_are_spread_evenly(house: tuple[Nginx, Processes]) -> None:
    nginx, processes = house
    for process in processes.values():
        await scrape_when_alone(process.url)
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(connected(nginx.url, headers=BEARER)) for _ in range(6)
        ]
        assert sorted(map(process_of, clients)) == ["a"] * 3 + ["b"] * 3


async def test_who_comes_back_gets_to_the_same_process(nginx: Nginx) -> None:
    opening = hello(framing="framed", features=(*FEATURES, "resume"))
    for _ in range(2):
        async with connected(nginx.url, opening, headers=BEARER) as first:
            first.socket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
            await first.closed()
        resume = _seen(first)
        path = f"v1/voice?sid={resume['session']}"
        async with connected(
            nginx.url, {**opening, "resume": resume}, path=path, headers=BEARER
        ) as second:
            (ready,) = second.events("ready")
            assert (ready["resumed"], ready["session"]) == (True, resume["session"])
            await second.send("bye")
            await second.closed()


def _seen(client: VoiceClient) -> Json:
    (ready,) = client.events("ready")
    last = max(arrival.event.get("sn", 0) for arrival in client.log)
    token = ready["resume"]["token"]
    return {"session": ready["session"], "token": token, "last_sn": last, "required": True}


async def test_nobody_notices_that_nginx_reads_its_files_again(nginx: Nginx) -> None:
    """R-30."""
    assert await status(f"{nginx.url}news", **BEARER) == 404
    async with connected(nginx.url, headers=BEARER) as client:
        news = nginx.folder / "voice-server.d" / "news.conf"
        news.write_text("location = /news { return 204; }\n")
        nginx.reload()
        async with asyncio.timeout(PATIENCE_S):
            while await status(f"{nginx.url}news", **BEARER) != 204:
                pass
        await talk(client)
        async with connected(nginx.url, headers=BEARER) as newcomer:
            await talk(newcomer)
        assert client.events("error") == []


# Who is who, and how many --------------------------------------------------------------------


async def test_nobody_can_pretend_to_come_from_elsewhere(nginx: Nginx) -> None:
    """Each of two processes counts wrong keys by address, up to ten a minute."""
    url = f"{nginx.url}v1/voice"
    wrong = {"Authorization": "Bearer wrong"}
    statuses = [
        await status(
            url, source="127.0.0.3", **wrong, **{"X-Forwarded-For": f"10.0.0.{n}, 127.0.0.1"}
        )
        for n in range(41)
    ]
    assert statuses[:10] == [401] * 10
    assert 429 in statuses[10:]
    assert await status(url, source="127.0.0.4", **wrong) == 401


async def test_a_proxy_before_nginx_is_believed_if_it_is_named(
    tmp_path: Path, house: tuple[Nginx, Processes]
) -> None:
    shipped = (SHIPPED / "listen.conf").read_text()
    more = "".join(
        line.replace("10.0.0.1", "127.0.0.1")
        for line in re.findall(r"^#(\w.*\n)", shipped, re.MULTILINE)
    )
    with Nginx(tmp_path, processes_conf(house[1]), more=more) as nginx:
        assert await status(nginx.url, **{"X-Forwarded-For": "10.9.8.7"}) == 200
        await logged(nginx, '"from":"10.9.8.7"')


async def test_one_address_cannot_take_all_connections(nginx: Nginx) -> None:
    connector = aiohttp.TCPConnector(local_addr=("127.0.0.7", 0), limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=BEARER) as http:
        stay = []
        for _ in range(PER_ADDRESS):
            stay.append(await http.ws_connect(f"{nginx.url}v1/voice"))
            await stay[-1].send_json(hello())  # whoever says nothing has to leave
        with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
            await http.ws_connect(f"{nginx.url}v1/voice")
        assert await status(nginx.url, source="127.0.0.5") == 200
    assert await logged(nginx, '"limit":"REJECTED"')


@pytest.mark.parametrize("path", ["metrics", "readyz", "livez"])
async def test_what_operators_ask_is_not_public(nginx: Nginx, path: str) -> None:
    assert await status(f"{nginx.url}{path}", **BEARER) == 404
    assert await status(f"{nginx.url}nginx") == 204


CANARIES = {
    "key": KEY,
    "wrong key": "marmalade-marmalade",
    "in the address": "hippopotamus",
    "in a protocol": "kaleidoscope",
    "in a header": "bumblebee",
    "typed": "zanzibar",
}


async def test_no_credential_is_in_the_logs_of_nginx(nginx: Nginx) -> None:
    """S-20, T2."""
    async with connected(nginx.url, path=f"v1/voice?token={KEY}", headers=BEARER) as client:
        await client.send("text", text=CANARIES["typed"])
        await client.wait_for("response.done")
    address = f"{nginx.url}v1/voice?ticket={CANARIES['in the address']}"
    protocols = f"voice.v1, ticket.{CANARIES['in a protocol']}"
    referrer = f"http://127.0.0.1/?{CANARIES['in a header']}"
    for source, sent in {
        "127.0.0.6": {"Authorization": f"Bearer {CANARIES['wrong key']}"},
        "127.0.0.9": {"Sec-WebSocket-Protocol": protocols, "Referer": referrer},
    }.items():
        assert await status(address, source=source, **sent) == 401
        log = await logged(nginx, f'"from":"{source}"')
    for where, canary in CANARIES.items():
        assert canary not in log, where


async def test_logs_are_lines_of_json(nginx: Nginx) -> None:
    await status(f'{nginx.url}a"b%0Ac', source="127.0.0.8")
    log = await logged(nginx, '"from":"127.0.0.8"')
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["path"] for line in lines if line["from"] == "127.0.0.8"] == ['/a"b\nc']


# When processes end --------------------------------------------------------------------------


async def ready(call: Call) -> str:
    """The process that has greeted this client next."""
    async with asyncio.timeout(PATIENCE_S):
        async for event in call:
            if isinstance(event, Ready):
                return event.session.split("_")[1]
    raise AssertionError("the call is over")


async def turn(call: Call) -> None:
    await call.text("Hello.")
    async with asyncio.timeout(PATIENCE_S):
        async for event in call:
            if isinstance(event, ReplyDone):
                assert event.status == "completed"
                return


async def test_when_a_process_dies_clients_come_back_to_the_other(tmp_path: Path) -> None:
    """R-30: nginx asks the next one; where there is none it says 502, and clients try again."""
    with behind_nginx(tmp_path, named(*QUICK)) as (nginx, processes):
        async with connect(nginx.url, reconnection=IMPATIENT) as call:
            first = await ready(call)
            processes[first].stop(signal.SIGKILL)
            second = await ready(call)
            assert {first, second} == {"a", "b"}
            await turn(call)
            processes[second].stop(signal.SIGKILL)
            assert await status(nginx.url) == 502
            with named(*QUICK, port=processes[first].port)(first):
                assert await ready(call) == first
                await turn(call)


async def test_a_process_that_leaves_sends_newcomers_to_the_other(tmp_path: Path) -> None:
    """Pages, too, which are otherwise told of a refusal on their socket."""
    long = ("--set", "llm.scripted.texts=['" + "On and on it goes. " * 60 + "']")
    make = named(*SCRIPTED, *long, "--set", "server.drain_s=600")
    with behind_nginx(tmp_path, make) as (nginx, processes):
        async with connected(nginx.url) as talking:
            leaving = processes[process_of(talking)]
            await talking.send("text", text="Hello.")
            await talking.wait_for("audio.started")
            leaving.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(PATIENCE_S):
                while await status(f"{leaving.url}readyz") != 503:
                    pass
            for origin in ({}, {"Origin": nginx.url.rstrip("/")}):
                async with connected(nginx.url, headers=origin) as newcomer:
                    assert process_of(newcomer) != process_of(talking)
            await asyncio.to_thread(leaving.stop)
