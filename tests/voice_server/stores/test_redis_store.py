"""The store of several processes keeps the contract, on a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import pytest

from tests.support.redis_server import RedisServer
from tests.support.store_contract import Elapse, StoreContract
from voice_server.identity.budgets import Budgets
from voice_server.identity.identity import Denied, Identity
from voice_server.identity.store import StoreUnavailable
from voice_server.identity.tickets import Tickets
from voice_server.metrics import Metrics
from voice_server.settings import BudgetSettings
from voice_server.stores import redis_store
from voice_server.stores.redis_link import RedisLink
from voice_server.stores.redis_store import RedisStore

pytestmark = pytest.mark.socket

NOON = 1_795_262_400.0


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    """One for all tests here, which find it empty."""
    with RedisServer() as server:
        yield server


@pytest.fixture
async def links(shared: RedisServer) -> AsyncIterator[tuple[RedisLink, RedisLink]]:
    """Two processes; as a user who may do nothing else (S-23)."""
    shared.flush()
    settings = shared.patient(url=shared.confine())
    async with RedisLink(settings, Metrics()) as one, RedisLink(settings, Metrics()) as other:
        yield one, other


@pytest.fixture
def stores(links: tuple[RedisLink, RedisLink]) -> tuple[RedisStore, RedisStore]:
    return RedisStore(links[0]), RedisStore(links[1])


class TestRedisStore(StoreContract):
    """The contract."""

    @pytest.fixture
    def store(self, stores: tuple[RedisStore, RedisStore]) -> RedisStore:
        """An empty one."""
        return stores[0]

    @pytest.fixture
    def elapse(self, shared: RedisServer) -> Elapse:
        """Moves the deaths of everything nearer, because nobody can turn the clock of Redis."""

        async def elapse(seconds: float) -> None:
            shared.age(seconds)

        return elapse


async def test_s10_of_a_thousand_who_use_a_ticket_on_two_processes_one_comes_in(
    stores: tuple[RedisStore, RedisStore],
) -> None:
    here, there = (Tickets(store, 30) for store in stores)
    ticket = await here.issue(Identity("alice", "key"), NOON)
    uses = ((here, there)[number % 2].redeem(ticket.value) for number in range(1000))
    held = await asyncio.gather(*uses)
    assert [who.user for who in held if who] == ["alice"]


async def test_l05_of_a_hundred_who_spend_the_last_unit_on_two_processes_one_does(
    stores: tuple[RedisStore, RedisStore],
) -> None:
    settings = BudgetSettings(tts_chars_max=1000)
    budgets = [Budgets(settings, store, Metrics(), lambda: NOON) for store in stores]
    alice = Identity("alice", "key")
    await budgets[0].reserve(alice, "tts_chars", 990)
    spending = (budgets[n % 2].reserve(alice, "tts_chars", 10) for n in range(100))
    ends = await asyncio.gather(*spending, return_exceptions=True)
    assert sum(isinstance(end, Denied) for end in ends) == 99
    assert await stores[1].total("spent:alice:tts_chars:2026-11-21") == 1000


async def test_l03_places_are_those_of_all_processes(stores: tuple[RedisStore, RedisStore]) -> None:
    joins = (stores[n % 2].join("sessions:alice", f"s{n}", limit=3, ttl_s=60) for n in range(50))
    assert sum(await asyncio.gather(*joins)) == 3


async def test_s12_what_is_revoked_here_is_heard_there(
    stores: tuple[RedisStore, RedisStore],
) -> None:
    async with aclosing(stores[1].news()) as news:
        await anext(news)
        await stores[0].revoke("alice", 1000.0)
        await anext(news)
    assert dict(await stores[1].revocations()) == {"alice": 1000.0}


async def test_revocations_are_bounded(
    stores: tuple[RedisStore, RedisStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_store, "REVOKED_MAX", 1)
    await stores[0].revoke("alice", 1.0)
    await stores[0].revoke("alice", 2.0)
    with pytest.raises(StoreUnavailable, match="too much was revoked"):
        await stores[0].revoke("bob", 1.0)
    assert dict(await stores[0].revocations()) == {"alice": 2.0}


async def test_what_others_wrote_among_the_revoked_hurts_nobody(
    stores: tuple[RedisStore, RedisStore], shared: RedisServer
) -> None:
    shared.admin.hset("vs:revoked", mapping={"alice": "yesterday", "bob": "5"})
    assert dict(await stores[0].revocations()) == {"bob": 5.0}


async def test_everything_dies(stores: tuple[RedisStore, RedisStore], shared: RedisServer) -> None:
    store = stores[0]
    await store.put("ticket:1", b"", 30)
    await store.add("spent:alice", 1, limit=None, ttl_s=30)
    await store.add("spent:alice", 1, limit=None, ttl_s=30)
    await store.join("sessions:alice", "one", limit=3, ttl_s=30)
    lives = {key: shared.admin.pttl(key) for key in shared.admin.scan_iter()}
    assert set(lives) == {"vs:value:ticket:1", "vs:count:spent:alice", "vs:group:sessions:alice"}
    assert all(0 < life <= 30_000 for life in lives.values())


async def test_a_check_leaves_next_to_nothing(
    stores: tuple[RedisStore, RedisStore], shared: RedisServer
) -> None:
    await stores[0].check()
    assert shared.admin.keys() == ["vs:alive"]
    assert 0 < shared.admin.pttl("vs:alive") <= 60_000


async def test_r23_without_room_nothing_new_is_remembered_and_all_is_still_known() -> None:
    with RedisServer("--maxmemory-policy", "noeviction") as server:
        async with RedisLink(server.patient(), Metrics()) as link:
            store = RedisStore(link)
            await store.revoke("alice", 1000.0)
            server.admin.config_set("maxmemory", "1mb")
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.put("ticket", b"", 30)
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await store.check()
            assert dict(await store.revocations()) == {"alice": 1000.0}


async def test_r23_a_redis_whose_disk_is_full_is_not_relied_on_until_there_is_room() -> None:
    with RedisServer() as server:
        async with RedisLink(server.patient(), Metrics()) as link:
            store = RedisStore(link)
            await store.revoke("alice", 1000.0)
            server.fill_disk()
            await _until(store, well=False)
            with pytest.raises(StoreUnavailable, match="MISCONF"):
                await store.put("ticket", b"", 30)
            server.empty_disk()
            await _until(store, well=True)
            assert dict(await store.revocations()) == {"alice": 1000.0}


async def _until(store: RedisStore, *, well: bool) -> None:
    """Redis notices at a write or a while after it."""
    async with asyncio.timeout(20):
        while True:
            try:
                await store.check()
                if well:
                    return
            except StoreUnavailable:
                if not well:
                    return
