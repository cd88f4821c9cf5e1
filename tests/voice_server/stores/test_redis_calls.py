"""Calls in a real Redis keep the contract, die when nobody cares, and are all that is there."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.call_store_contract import CallStoreContract, commit
from tests.support.redis_server import RedisServer
from voice_server.calls.call_store import Outcome
from voice_server.metrics import Metrics
from voice_server.stores.redis_calls import RedisCalls
from voice_server.stores.redis_link import RedisLink

pytestmark = pytest.mark.socket

LIFE_S = 180.0


@pytest.fixture(scope="module")
def shared() -> Iterator[RedisServer]:
    """One for all tests here, which find it empty."""
    with RedisServer() as server:
        yield server


@pytest.fixture
async def store(shared: RedisServer) -> AsyncIterator[RedisCalls]:
    """An empty one, reached by a user who may do nothing else (S-23)."""
    shared.flush()
    settings = shared.patient(url=shared.confine())
    async with RedisLink(settings, Metrics()) as link:
        yield RedisCalls(link, LIFE_S)


class TestRedisCalls(CallStoreContract):
    """The contract."""


async def test_a_call_dies_unless_somebody_commits(shared: RedisServer, store: RedisCalls) -> None:
    await store.create("ses", "alice", commit(1, 2, b"2"))
    shared.age(LIFE_S - 1)
    assert await store.commit("ses", commit(1, 3)) is Outcome.KEPT
    shared.age(LIFE_S - 1)
    assert await store.belongs("ses", "alice")
    shared.age(1)
    assert await store.commit("ses", commit(1, 3)) is Outcome.MISSING
    assert shared.admin.keys() == []


async def test_nothing_of_a_call_that_is_over_stays(shared: RedisServer, store: RedisCalls) -> None:
    await store.create("ses", "alice", commit(1, 2, b"2", fields={"a": b"1"}))
    await store.forget("ses", 1)
    (key,) = shared.admin.keys()
    assert shared.admin.hgetall(key) == {"epoch": "2"}
    shared.age(LIFE_S)
    assert shared.admin.keys() == []
