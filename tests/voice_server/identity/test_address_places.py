"""Sessions from one address: so many, and so fast, on all processes together."""

from contextlib import AsyncExitStack

import pytest

from tests.support.store_clock import BrokenStore, HandClock
from voice_server.arrivals import BURST_S
from voice_server.closes import ErrorCode
from voice_server.identity.address_places import AddressPlaces
from voice_server.identity.identity import Denied
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

HOME, CAFE = "203.0.113.7", "203.0.113.8"


class Processes:
    """Two, with one store."""

    def __init__(self, **limits: int) -> None:
        self.clock = HandClock()
        self.store = BrokenStore(self.clock)
        self.store.broken = False
        self.metrics = Metrics()
        settings = LimitSettings.model_validate(limits)
        self.here, self.there = (
            AddressPlaces(self.store, self.metrics, settings) for _ in range(2)
        )

    async def refusal(self, address: str, session: str) -> ErrorCode | None:
        try:
            async with self.there.taken(address, session):
                return None
        except Denied as denied:
            return denied.refusal.code

    def hits(self, limit: str) -> float | None:
        return self.metrics.registry.get_sample_value(
            "voice_server_limit_hits_total", {"limit": limit}
        )


async def test_l03_sessions_of_an_address_are_counted_on_all_processes() -> None:
    processes = Processes(sessions_per_ip_max=2)
    async with AsyncExitStack() as stack:
        for session in ("one", "two"):
            await stack.enter_async_context(processes.here.taken(HOME, session))
        assert await processes.refusal(HOME, "three") is ErrorCode.RATE_LIMITED
        assert await processes.refusal(CAFE, "three") is None
    assert await processes.refusal(HOME, "three") is None
    assert processes.hits("sessions_per_ip") == 1


async def test_l03_arrivals_from_an_address_are_counted_on_all_processes() -> None:
    processes = Processes(arrivals_per_s_per_ip_max=1)
    async with processes.here.taken(HOME, "one"):
        assert await processes.refusal(HOME, "two") is None
        assert await processes.refusal(HOME, "three") is ErrorCode.RATE_LIMITED
        assert await processes.refusal(CAFE, "four") is None
        processes.clock.now += BURST_S
        assert await processes.refusal(HOME, "three") is None
    assert processes.hits("arrivals_per_ip") == 1


async def test_r20_without_a_store_nobody_new_comes_in_and_who_is_in_may_leave() -> None:
    processes = Processes()
    async with processes.here.taken(HOME, "one"):
        processes.store.broken = True
        assert await processes.refusal(HOME, "two") is ErrorCode.NO_CAPACITY
