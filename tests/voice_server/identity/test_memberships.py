"""Members are kept alive by their process, and leave with it or a while after it."""

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from voice_server.identity.memberships import LIFE_S, Memberships

pytestmark = pytest.mark.pure


@pytest.fixture
def clock() -> HandClock:
    """Stands still until it is turned."""
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> BrokenStore:
    """One that works."""
    store = BrokenStore(clock)
    store.broken = False
    return store


async def test_a_group_has_so_many_members_in_all_processes(store: BrokenStore) -> None:
    here, there = Memberships(store, 1), Memberships(store, 1)
    assert await here.join("group", "one")
    async with here.kept("group", "one"):
        assert not await there.join("group", "two")
    assert await there.join("group", "two")


async def test_who_is_kept_and_renewed_lives(store: BrokenStore, clock: HandClock) -> None:
    here, there = Memberships(store, 1), Memberships(store, 1)
    await here.join("group", "one")
    async with here.kept("group", "one"):
        for _ in range(3):
            clock.now += LIFE_S - 1
            await here.renew()
        assert not await there.join("group", "two")
    await here.renew()
    assert await there.join("group", "two"), "who has left is not renewed"


async def test_members_of_a_process_that_died_die_after_a_while(
    store: BrokenStore, clock: HandClock
) -> None:
    await Memberships(store, 1).join("group", "dead")
    clock.now += LIFE_S
    assert await Memberships(store, 1).join("group", "two")


async def test_without_a_store_one_may_leave(store: BrokenStore) -> None:
    here = Memberships(store, 1)
    await here.join("group", "one")
    async with here.kept("group", "one"):
        store.broken = True
