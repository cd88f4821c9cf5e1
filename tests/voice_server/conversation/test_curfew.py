"""Warnings come before ends, each once, and exactly when they were announced to be due."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.closes import ErrorCode
from voice_server.conversation.curfew import Curfew, Expiry
from voice_server.events import Noticed
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.pure


def limits(idle_s: float, idle_warning_s: float, last_s: float, warning_s: float) -> LimitSettings:
    return LimitSettings(
        idle_timeout_s=idle_s,
        idle_warning_s=idle_warning_s,
        session_s_max=last_s,
        session_warning_s=warning_s,
    )


def test_an_idle_session_is_warned_and_then_ends() -> None:
    curfew = Curfew(limits(120, 30, 0, 0), now=1000.0)
    assert curfew.next_due() == 1090.0
    assert curfew.check(1089.9) is None
    assert curfew.check(1090.0) == Noticed("idle_soon", in_s=30)
    assert curfew.check(1119.9) is None
    assert curfew.next_due() == 1120.0
    expiry = curfew.check(1120.0)
    assert expiry == Expiry(
        ErrorCode.IDLE_TIMEOUT, "Nothing came for 120 s. Connect again to go on."
    )


def test_activity_begins_anew_and_warns_anew() -> None:
    curfew = Curfew(limits(120, 30, 0, 0), now=0.0)
    assert curfew.check(100.0) == Noticed("idle_soon", in_s=20)
    curfew.active(110.0)
    assert curfew.check(199.0) is None
    assert curfew.check(200.0) == Noticed("idle_soon", in_s=30)


def test_activity_does_not_prolong_the_session() -> None:
    curfew = Curfew(limits(120, 30, 600, 60), now=0.0)
    for now in range(0, 540, 10):
        curfew.active(float(now))
        assert curfew.check(float(now)) is None
    assert curfew.check(540.0) == Noticed("session_ends", in_s=60)
    curfew.active(599.0)
    assert curfew.check(600.0) == Expiry(
        ErrorCode.MAX_SESSION, "A session lasts at most 600 s. Connect again to go on."
    )


def test_without_limits_nothing_is_ever_due() -> None:
    curfew = Curfew(limits(0, 30, 0, 60), now=0.0)
    assert curfew.next_due() is None
    assert curfew.check(1e9) is None


def test_a_warning_longer_than_the_limit_comes_at_once() -> None:
    curfew = Curfew(limits(10, 30, 0, 0), now=5.0)
    assert curfew.check(5.0) == Noticed("idle_soon", in_s=10)


def test_without_a_warning_the_end_comes_at_its_time() -> None:
    curfew = Curfew(limits(10, 0, 0, 0), now=0.0)
    assert curfew.check(9.9) is None
    assert isinstance(curfew.check(10.0), Expiry)


spans = st.floats(0, 10_000)


@given(spans, spans, spans, spans, st.floats(0, 1e6))
def test_who_waits_until_it_is_due_hears_something_and_comes_to_an_end(
    idle_s: float, idle_warning_s: float, last_s: float, warning_s: float, now: float
) -> None:
    curfew = Curfew(limits(idle_s, idle_warning_s, last_s, warning_s), now)
    heard: list[object] = []
    while (due := curfew.next_due()) is not None:
        now = max(now, due)
        found = curfew.check(now)
        assert found is not None
        heard.append(found)
        if isinstance(found, Expiry):
            break
        assert len(heard) <= 2
    assert bool(heard) is (idle_s > 0 or last_s > 0)
