"""The store of one process keeps the contract, and is bounded."""

import pytest

from tests.support.store_clock import HandClock
from tests.support.store_contract import Elapse, StoreContract
from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.store import StoreUnavailable

pytestmark = pytest.mark.pure


@pytest.fixture
def clock() -> HandClock:
    """Stands still until it is turned."""
    return HandClock()


class TestMemoryStore(StoreContract):
    """The contract."""

    @pytest.fixture
    def store(self, clock: HandClock) -> MemoryStore:
        """An empty one."""
        return MemoryStore(clock)

    @pytest.fixture
    def elapse(self, clock: HandClock) -> Elapse:
        """Turns the clock."""

        async def elapse(seconds: float) -> None:
            clock.now += seconds

        return elapse


async def test_it_is_bounded_and_the_dead_make_room(clock: HandClock) -> None:
    store = MemoryStore(clock, entries_max=2)
    for number in range(2):
        await store.put(f"ticket {number}", b"", 10)
        await store.add(f"spent:{number}", 1, limit=None, ttl_s=10)
        await store.join(f"user {number}", "one", limit=9, ttl_s=10)
        await store.revoke(f"user {number}", 0)
    with pytest.raises(StoreUnavailable):
        await store.put("ticket", b"", 10)
    with pytest.raises(StoreUnavailable):
        await store.add("spent:3", 1, limit=None, ttl_s=10)
    assert await store.add("failed:3", 1, limit=None, ttl_s=10) == 1
    with pytest.raises(StoreUnavailable):
        await store.join("user", "one", limit=9, ttl_s=10)
    with pytest.raises(StoreUnavailable):
        await store.revoke("user", 0)
    await store.put("ticket 0", b"again", 10)
    clock.now += 10
    await store.put("ticket", b"", 10)
    assert await store.add("spent:3", 1, limit=None, ttl_s=10) == 1


async def test_an_empty_group_is_no_group(clock: HandClock) -> None:
    store = MemoryStore(clock, entries_max=1)
    for number in range(5):
        await store.join(f"user {number}", "one", limit=1, ttl_s=10)
        await store.leave(f"user {number}", "one")
