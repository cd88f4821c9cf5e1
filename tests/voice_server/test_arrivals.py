"""A crowd waits outside, those who come one by one never do, and nobody is remembered for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.arrivals import ADDRESSES_MAX, BURST_S, Arrivals
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

LIMITS = LimitSettings(arrivals_per_s_max=10, arrivals_per_s_per_ip_max=3)


def test_a_burst_from_one_address() -> None:
    arrivals = Arrivals(LIMITS, 0)
    assert [arrivals.reached("a", 0) for _ in range(8)] == [None] * 6 + ["arrivals_per_ip"] * 2
    assert arrivals.reached("b", 0) is None
    assert [arrivals.reached("a", 1) for _ in range(4)] == [None] * 3 + ["arrivals_per_ip"]


def test_a_crowd_from_everywhere() -> None:
    arrivals = Arrivals(LIMITS, 0)
    told = [arrivals.reached(str(number), 0) for number in range(25)]
    assert told == [None] * 20 + ["arrivals"] * 5


@given(st.lists(st.floats(0.34, 5), max_size=50))
def test_who_comes_slowly_is_never_refused(pauses: list[float]) -> None:
    arrivals = Arrivals(LIMITS, 0)
    now = 0.0
    for pause in pauses:
        now += pause
        assert arrivals.reached("a", now) is None


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), max_size=100))
def test_never_more_than_burst_and_rate(comings: list[tuple[int, float]]) -> None:
    arrivals = Arrivals(LIMITS, 0)
    now, let_in = 0.0, 0
    for address, pause in comings:
        now += pause
        let_in += arrivals.reached(str(address), now) is None
        assert let_in <= LIMITS.arrivals_per_s_max * (BURST_S + now) + 1e-6


def test_quiet_addresses_are_forgotten() -> None:
    arrivals = Arrivals(LimitSettings(arrivals_per_s_max=10**6), 0)
    for number in range(2 * ADDRESSES_MAX):
        assert arrivals.reached(str(number), number / 100) is None
    assert len(arrivals._by_address) <= ADDRESSES_MAX


def test_this_machine_may_come_faster_than_others() -> None:
    """Beyond loopback the default is five per second; a proxy, a kiosk or a test is nearer."""
    arrivals = Arrivals(LimitSettings(), 0)
    told = {
        address: [arrivals.reached(address, 0) for _ in range(101)]
        for address in ("203.0.113.9", "127.0.0.1", "::1")
    }
    assert {address: refusals.count(None) for address, refusals in told.items()} == {
        "203.0.113.9": 10,
        "127.0.0.1": 100,
        "::1": 90,  # of two hundred that may come at once from everywhere
    }
