"""Newcomers wait while those who talk would notice them, and the door does not flap (L-04)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.headroom import CALM_SHARE, WINDOW_S, Headroom
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure

LIMITS = LimitSettings(loop_lag_ms_max=50, memory_share_max=0.8)
PROBES = 100
"""In ten seconds."""


def lagging(*lags_s: float) -> Headroom:
    """A loop that woke up so late, ten times per second."""
    headroom = Headroom(LIMITS)
    for number, seconds in enumerate(lags_s):
        headroom.lagged(number / 10, seconds)
    return headroom


def test_nothing_measured_is_nothing_lacking() -> None:
    assert Headroom(LIMITS).lacking(0, memory_share=0) is None


@pytest.mark.parametrize(("late", "limit"), [(5, None), (6, "loop_lag")])
def test_the_worst_twentieth_counts(late: int, limit: str | None) -> None:
    headroom = lagging(*[0.001] * (PROBES - late), *[0.2] * late)
    assert headroom.lacking(WINDOW_S, 0) == limit


def test_a_burst_is_over_ten_seconds_later() -> None:
    """L-04: it recovers within ten seconds of quiet."""
    headroom = lagging(*[0.2] * 50)
    assert headroom.lacking(5, 0) == "loop_lag"
    for tenth in range(50, 151):
        headroom.lagged(tenth / 10, 0.001)
    assert headroom.lacking(15.1, 0) is None


@given(st.lists(st.floats(CALM_SHARE * 0.05 + 1e-6, 0.05), min_size=1, max_size=60))
def test_once_full_it_stays_so_until_it_is_calm(lags: list[float]) -> None:
    headroom = lagging(*[0.2] * 20)
    assert headroom.lacking(2, 0) == "loop_lag"
    now = 20.0
    for seconds in lags:
        now += 0.1
        headroom.lagged(now, seconds)
        assert headroom.lacking(now, 0) == "loop_lag"
    for tenth in range(1, 110):
        headroom.lagged(now + tenth / 10, CALM_SHARE * 0.05)
    assert headroom.lacking(now + 11, 0) is None


def test_memory() -> None:
    headroom = Headroom(LIMITS)
    told = [headroom.lacking(0, share) for share in (0.79, 0.81, 0.75, 0.71, 0.75)]
    assert told == [None, "memory", "memory", None, None]


def test_what_is_remembered_is_bounded() -> None:
    headroom = lagging(*[0.0] * 5000)
    assert len(headroom._lags) == 1000
