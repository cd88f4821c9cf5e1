"""Bursts are let in, floods are not, and one address leaves room for the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server import arrival_rate
from voice_server.arrival_rate import ArrivalRate
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

LIMITS = LimitSettings(
    arrivals_per_s=4, arrivals_burst=6, arrivals_per_ip_per_s=1, arrivals_per_ip_burst=2
)


def test_an_address_has_its_burst_and_then_its_rate() -> None:
    rate = ArrivalRate(LIMITS, 0.0)
    assert [rate.refused("10.0.0.1", 0.0) for _ in range(3)] == [None, None, "arrivals_per_ip"]
    assert rate.refused("10.0.0.2", 0.0) is None
    assert rate.refused("10.0.0.1", 0.9) == "arrivals_per_ip"
    assert rate.refused("10.0.0.1", 1.0) is None
    assert rate.refused("10.0.0.1", 1.1) == "arrivals_per_ip"


def test_all_together_have_theirs() -> None:
    rate = ArrivalRate(LIMITS, 0.0)
    refused = [rate.refused(f"10.0.0.{number}", 0.0) for number in range(8)]
    assert refused == [None] * 6 + ["arrivals"] * 2
    assert rate.refused("10.0.0.7", 0.25) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "", "ses_1"])
def test_this_machine_is_not_counted(address: str) -> None:
    rate = ArrivalRate(LIMITS, 0.0)
    assert [rate.refused(address, 0.0) for _ in range(50)] == [None] * 50


def test_the_table_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival_rate, "ADDRESSES_MAX", 2)
    rate = ArrivalRate(LIMITS, 0.0)
    assert rate.refused("10.0.0.1", 0.0) is None
    assert rate.refused("10.0.0.2", 0.0) is None
    assert rate.refused("10.0.0.3", 0.0) == "arrivals_per_ip"
    assert rate.refused("10.0.0.3", 1.0) is None


@given(st.lists(st.tuples(st.floats(0, 2), st.sampled_from("abc")), max_size=60))
def test_nobody_passes_the_rate(arrivals: list[tuple[float, str]]) -> None:
    rate, now, let_in = ArrivalRate(LIMITS, 0.0), 0.0, 0
    for wait_s, letter in arrivals:
        now += wait_s
        let_in += rate.refused(f"10.0.0.{ord(letter)}", now) is None
    assert let_in <= LIMITS.arrivals_burst + LIMITS.arrivals_per_s * now + 1e-6
