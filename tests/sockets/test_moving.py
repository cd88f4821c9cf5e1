"""Sessions that go on in another process: two of them behind nginx, and a Redis that they share."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import pytest

from tests.chaos.talker import Talker
from tests.support.counting_server import CountingServer
from tests.support.nginx import behind_nginx, named
from tests.support.redis_server import RedisServer
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import FEATURES, Json, VoiceClient, connected, hello

pytestmark = pytest.mark.socket

OPENING = hello(framing="framed", features=(*FEATURES, "resume"))
TALK_S = 2.5
TABS = 50
MANY = (
    "--set",
    "limits.sessions_per_ip_max=200",
    "--set",
    "limits.arrivals_per_s_per_ip_max=200",
    "--set",
    "limits.arrivals_per_s_local_max=200",
)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One for all processes."""
    with RedisServer() as redis:
        yield redis


def known(client: VoiceClient) -> Json:
    """What a client knows of the session that it wants back."""
    ready = client.events("ready")[-1]
    numbers = [arrival.event.get("sn", 0) for arrival in client.log]
    texts = [a.event.get("sn", 0) for a in client.log if a.event["type"] != "audio"]
    asked = {"session": ready["session"], "token": ready["resume"]["token"]}
    return {**asked, "last_sn": max(numbers), "last_text_sn": max(texts), "required": True}


def process_of(client: VoiceClient) -> str:
    """Where it began."""
    return str(client.events("ready")[-1]["session"]).split("_")[1]


async def test_nothing_is_lost_when_a_process_is_killed(tmp_path: Path, redis: RedisServer) -> None:
    """R-01, through the proxy."""

    def counting(name: str) -> ServerProcess:
        proxy = 'server.trusted_proxies=["127.0.0.1"]'
        store = (
            f"store.url={redis.url}",
            "store.timeout_ms=5000",
            "store.call_touch_s=0.5",
            "limits.loop_lag_ms_max=60000",
        )
        return CountingServer(f"server.name={name}", proxy, *store)

    with behind_nginx(tmp_path, counting) as (nginx, processes):
        talks = [asyncio.create_task(Talker(nginx.url).talk(TALK_S)) for _ in range(2)]
        await asyncio.wait(talks, timeout=TALK_S / 2)
        processes["a"].stop(signal.SIGKILL)
        accounts = await asyncio.gather(*talks)
    for account in accounts:
        assert (account.lost, account.doubled, account.gaps, account.afresh) == ("", "", 0, 0)
    assert sum(account.resumed for account in accounts) >= 1


async def test_who_is_asked_to_come_back_does_so_elsewhere(
    tmp_path: Path, redis: RedisServer
) -> None:
    """While the process that asked is still there, for somebody else's long answer."""
    long = ("--set", "llm.scripted.texts=['" + "On and on it goes. " * 60 + "']")
    spread = ("--set", "server.drain_s=600", "--set", "server.drain_spread_ms=100")
    make = named(*SCRIPTED, *long, *spread, *redis.options())
    with behind_nginx(tmp_path, make) as (nginx, processes):
        async with connected(nginx.url) as one, connected(nginx.url, OPENING) as idle:
            leaving = processes[process_of(idle)]
            async with connected(leaving.url) as talking:
                await talking.send("text", text="Hello.")
                await talking.wait_for("audio.started")
                leaving.process.send_signal(signal.SIGTERM)
                await idle.wait_for("going_away")
                await idle.closed()
                resume = known(idle)
                path = f"v1/voice?sid={resume['session']}"
                async with connected(nginx.url, {**OPENING, "resume": resume}, path=path) as again:
                    assert again.events("ready")[0]["resumed"] is True
                    assert leaving.process.poll() is None
                await asyncio.to_thread(leaving.stop)
            await one.send("ping")
            await one.wait_for("pong")


async def test_of_many_tabs_on_two_processes_one_has_the_session(
    tmp_path: Path, redis: RedisServer
) -> None:
    """R-31, S-14."""
    with behind_nginx(tmp_path, named(*SCRIPTED, *MANY, *redis.options())) as (nginx, processes):
        async with connected(nginx.url, OPENING) as first, AsyncExitStack() as stack:
            opening = {**OPENING, "resume": known(first)}

            async def tab(number: int) -> VoiceClient | None:
                """One of them; None for those whom another one overtakes at once."""
                url = processes["ab"[number % 2]].url
                path = f"v1/voice?sid={opening['resume']['session']}"
                with suppress(ConnectionError):
                    return await stack.enter_async_context(connected(url, opening, path=path))
                return None

            tabs = [first, *await asyncio.gather(*(tab(number) for number in range(TABS)))]
            open_ = {asyncio.create_task(tab.closed()): tab for tab in tabs if tab}
            while len(open_) > 1:
                done, _ = await asyncio.wait(open_, return_when=asyncio.FIRST_COMPLETED)
                assert {task.result() for task in done} == {4509}
                open_ = {task: tab for task, tab in open_.items() if task not in done}
            ((closing, owner),) = open_.items()
            await owner.send("ping")
            await owner.wait_for("pong")
            closing.cancel()
