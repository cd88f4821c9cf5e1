"""A user's sessions: so many, on all processes together."""

from contextlib import AsyncExitStack

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from voice_server.closes import ErrorCode
from voice_server.identity.identity import ANYONE, Denied, Identity
from voice_server.identity.memberships import LIFE_S
from voice_server.identity.user_places import UserPlaces
from voice_server.metrics import Metrics

pytestmark = pytest.mark.pure

ALICE, BOB = Identity("alice", "key"), Identity("bob", "key")


class Places:
    """Two for each user."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.store = BrokenStore(self.clock)
        self.store.broken = False
        self.metrics = Metrics()
        self.places = UserPlaces(self.store, self.metrics, 2)

    async def refusal(self, identity: Identity, member: str) -> ErrorCode | None:
        try:
            async with self.places.taken(identity, member):
                return None
        except Denied as denied:
            return denied.refusal.code


async def test_places_are_taken_and_come_back() -> None:
    places = Places()
    async with AsyncExitStack() as stack:
        for session in ("one", "two"):
            await stack.enter_async_context(places.places.taken(ALICE, session))
        assert await places.refusal(ALICE, "three") is ErrorCode.RATE_LIMITED
        assert await places.refusal(BOB, "three") is None
    assert await places.refusal(ALICE, "three") is None
    labels = {"limit": "sessions_per_user"}
    registry = places.metrics.registry
    assert registry.get_sample_value("voice_server_limit_hits_total", labels) == 1


async def test_a_place_that_waits_for_a_ticket_is_the_one_it_gets() -> None:
    places = Places()
    await places.places.take(ALICE, "ticket_1", 30)
    async with places.places.taken(ALICE, "one"):
        assert await places.refusal(ALICE, "two") is ErrorCode.RATE_LIMITED
        assert await places.refusal(ALICE, "ticket_1") is None


async def test_places_of_those_who_talk_are_renewed_and_of_the_dead_are_not() -> None:
    places = Places()
    await places.places.take(ALICE, "dead", LIFE_S)
    async with places.places.taken(ALICE, "one"):
        places.clock.now += LIFE_S - 1
        await places.places.renew()
        places.clock.now += LIFE_S - 1
        async with places.places.taken(ALICE, "two"):
            assert await places.refusal(ALICE, "three") is ErrorCode.RATE_LIMITED


async def test_an_open_server_counts_nobody() -> None:
    places = Places()
    async with AsyncExitStack() as stack:
        for number in range(5):
            await stack.enter_async_context(places.places.taken(ANYONE, str(number)))


async def test_without_a_store_nobody_new_comes_in_and_who_is_in_may_leave() -> None:
    places = Places()
    async with places.places.taken(ALICE, "one"):
        places.store.broken = True
        assert await places.refusal(ALICE, "two") is ErrorCode.NO_CAPACITY
