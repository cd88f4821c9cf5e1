"""The breaker: after some failures it opens, and one trial decides whether it closes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.breaker import Breaker

pytestmark = pytest.mark.pure


def _open() -> Breaker:
    breaker = Breaker(failures_max=2, rest_s=10)
    for now in (0.0, 1.0):
        assert breaker.allows(now)
        breaker.begin()
        breaker.failed(now)
    return breaker


def test_failures_in_a_row_open_it_for_a_while() -> None:
    breaker = _open()
    assert breaker.resting
    assert not breaker.allows(10.9)
    assert breaker.allows(11.0)
    assert breaker.rests_until() == 11.0


def test_a_success_in_between_is_a_new_row() -> None:
    breaker = Breaker(failures_max=2, rest_s=10)
    for lesson in ("failed", "succeeded", "failed"):
        breaker.begin()
        breaker.failed(0.0) if lesson == "failed" else breaker.succeeded()
    assert not breaker.resting


def test_failures_far_apart_are_no_row() -> None:
    breaker = Breaker(failures_max=2, rest_s=10, within_s=30)
    for now in (0.0, 30.0):
        breaker.failed(now)
    assert not breaker.resting
    breaker.failed(59.9)
    assert breaker.resting


def test_a_trial_that_fails_after_a_long_rest_opens_it_again() -> None:
    breaker = Breaker(failures_max=2, rest_s=60, within_s=1)
    for now in (0.0, 0.5, 60.5):
        assert breaker.allows(now)
        breaker.begin()
        breaker.failed(now)
    assert not breaker.allows(61.0)


def test_one_trial_at_a_time() -> None:
    breaker = _open()
    breaker.begin()
    assert not breaker.allows(12.0), "somebody is trying"
    breaker.left()
    assert breaker.allows(12.0), "nothing was learned"


def test_the_trial_decides() -> None:
    breaker = _open()
    breaker.begin()
    breaker.failed(12.0)
    assert not breaker.allows(21.9)
    breaker.begin()
    breaker.succeeded()
    assert not breaker.resting
    assert breaker.allows(22.0)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["ok", "fail", "leave"]))))
def test_it_never_rests_longer_than_it_may(steps: list[tuple[float, str]]) -> None:
    breaker, now = Breaker(failures_max=2, rest_s=3), 0.0
    for pause_s, outcome in steps:
        now += pause_s
        if not breaker.allows(now):
            continue
        breaker.begin()
        match outcome:
            case "ok":
                breaker.succeeded()
            case "fail":
                breaker.failed(now)
            case _:
                breaker.left()
        assert breaker.rests_until() <= now + 3
        assert breaker.allows(now + 3)
