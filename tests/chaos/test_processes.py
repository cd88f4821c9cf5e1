"""Whichever process dies, sleeps or leaves: no frame is lost or doubled, no event is missing."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterator

import pytest

from tests.chaos.fleet import Fleet
from tests.chaos.talker import Account, Talker
from tests.support.counting_server import CountingServer
from tests.support.redis_server import RedisServer
from tests.support.scrape import scrape_until
from voice_server.client import connect
from voice_server.client.events import (
    Audio,
    Event,
    Final,
    GoingAway,
    History,
    Notice,
    Reconnected,
    ReplyDone,
    ReplyStarted,
    SpeechStarted,
)

pytestmark = pytest.mark.socket

SECONDS = 2.5
"""Of talk."""

SLOWLY = ("llm.scripted.first_token_ms=300",)


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    """One for all tests here."""
    with RedisServer() as server:
        yield server


@pytest.fixture(scope="module")
def servers(redis: RedisServer) -> Iterator[Fleet]:
    """A fleet without ships."""
    with Fleet(redis, random.Random(1), *SLOWLY) as fleet:
        yield fleet


@pytest.fixture
def fleet(servers: Fleet) -> Fleet:
    """Two servers at least."""
    servers.launch(2)
    return servers


def check(account: Account, resumed: int = 1) -> None:
    """Nothing is lost, doubled or passed over, and whatever has begun has ended."""
    assert (account.lost, account.doubled, account.gaps, account.afresh) == ("", "", 0, 0)
    assert account.unfinished == []
    assert account.resumed >= resumed


def nothing() -> None:
    """Happens."""


async def talk(
    fleet: Fleet, moment: type[Event], happens: Callable[[CountingServer], None]
) -> Account:
    """A talk in which something happens to the server at the second such moment."""
    async with fleet.address() as proxy:
        server = fleet.behind(proxy)
        left: list[Callable[[], None]] = [nothing, lambda: happens(server)]

        def watch(event: Event) -> None:
            if isinstance(event, moment) and left:
                left.pop(0)()

        account = await Talker(f"http://127.0.0.1:{proxy.port}", watch).talk(SECONDS)
    assert not left, "the moment never came"
    return account


@pytest.mark.parametrize("moment", [SpeechStarted, Final, ReplyStarted, Audio])
async def test_r01_a_process_is_killed(fleet: Fleet, moment: type[Event]) -> None:
    """While somebody speaks, before the answer, while it is thought of, while it sounds."""
    check(await talk(fleet, moment, fleet.kill))


async def test_r09_a_process_that_slept_ends_what_it_has_lost(fleet: Fleet) -> None:
    asleep: list[CountingServer] = []

    def freeze(server: CountingServer) -> None:
        fleet.freeze(server)
        asleep.append(server)

    check(await talk(fleet, SpeechStarted, freeze))
    [sleeper] = asleep
    fleet.thaw(sleeper)
    fenced = 'voice_server_call_commits_total{outcome="fenced"}'
    await scrape_until(sleeper.url, lambda found: found.get(fenced) == 1)
    await scrape_until(sleeper.url, lambda found: found["voice_server_sessions"] == 0)


async def test_p9_a_process_that_leaves_lets_replies_end_and_hands_its_calls_on(
    fleet: Fleet,
) -> None:
    seen: list[Event] = []
    async with fleet.address() as proxy, connect(f"http://127.0.0.1:{proxy.port}") as call:
        await call.text("Tell me a story.")
        async for event in call:
            seen.append(event)
            if isinstance(event, ReplyStarted):
                draining = asyncio.create_task(asyncio.to_thread(fleet.drain, fleet.behind(proxy)))
            elif isinstance(event, Reconnected):
                break
        assert await draining == 0
        await call.history()
        async for event in call:
            if isinstance(event, History):
                break
    assert [event.resume for event in seen if isinstance(event, GoingAway)] == [True]
    assert [event.status for event in seen if isinstance(event, ReplyDone)] == ["completed"]
    assert isinstance(seen[-1], Reconnected)
    assert seen[-1].resumed
    assert isinstance(event, History)
    assert [item.role for item in event.items] == ["user", "assistant"]


async def test_p9_whoever_talks_on_loses_nothing_either(fleet: Fleet) -> None:
    draining: list[asyncio.Task[int]] = []

    def drain(server: CountingServer) -> None:
        draining.append(asyncio.create_task(asyncio.to_thread(fleet.drain, server)))

    check(await talk(fleet, SpeechStarted, drain))
    assert await draining[0] == 0


async def test_r19_r21_redis_is_away_twice_and_then_a_process_dies() -> None:
    safe = asyncio.Event()
    with RedisServer() as redis, Fleet(redis, random.Random(1), "store.timeout_ms=1000") as fleet:
        fleet.launch(2)
        async with fleet.address() as proxy:
            server = fleet.behind(proxy)
            frozen = deque([redis.freeze, nothing, nothing, redis.thaw])
            killed = deque([redis.kill, nothing, nothing, redis.start])

            def watch(event: Event) -> None:
                steps = frozen or killed
                if isinstance(event, Final) and event.text and steps:
                    steps.popleft()()
                elif isinstance(event, Notice) and event.code == "durable" and not steps:
                    fleet.kill(server)
                    safe.set()

            talker = Talker(f"http://127.0.0.1:{proxy.port}", watch)
            check(await talker.talk(SECONDS, until=safe))
    assert talker.account.notices[:2] == ["not_durable", "durable"]
    assert safe.is_set()


async def test_r24_redis_has_forgotten_everything(redis: RedisServer, fleet: Fleet) -> None:
    def happen(server: CountingServer) -> None:
        fleet.kill(server)
        redis.flush()

    account = await talk(fleet, Final, happen)
    assert (account.resumed, account.afresh) == (0, 1)
