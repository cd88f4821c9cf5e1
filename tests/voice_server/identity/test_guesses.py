"""Wrong credentials are counted for all processes, and by each where they share nothing."""

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from voice_server.identity.guesses import MINUTE_S, Guesses

pytestmark = pytest.mark.pure


async def test_l03_they_are_counted_on_all_processes_for_a_minute() -> None:
    clock = HandClock()
    store = BrokenStore(clock)
    store.broken = False
    here, there = Guesses(store, clock), Guesses(store, clock)
    await here.add("192.0.2.1")
    await there.add("192.0.2.1")
    assert await here.total("192.0.2.1") == 2
    assert await here.total("192.0.2.2") == 0
    clock.now += MINUTE_S
    assert await here.total("192.0.2.1") == 0


async def test_t25_without_a_store_each_process_counts_its_own() -> None:
    clock = HandClock()
    store = BrokenStore(clock)
    here = Guesses(store, clock)
    await here.add("2001:db8::1")
    assert await here.total("2001:db8::2") == 1, "one network is one guesser"
    assert _is_alone(here)
    clock.now += MINUTE_S
    assert await here.total("2001:db8::1") == 0
    store.broken = False
    assert await here.total("2001:db8::1") == 0
    assert not _is_alone(here)


def _is_alone(guesses: Guesses) -> bool:
    return guesses.alone
