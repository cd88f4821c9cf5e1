"""Pauses before restarts: longer each time, and not for ever."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.vllm.backoff import Backoff

pytestmark = pytest.mark.pure


def test_pauses_double_up_to_the_longest_and_then_it_gives_up() -> None:
    backoff = Backoff(first_s=1, longest_s=3, restarts_max=4, calm_s=100)
    assert [backoff.next_s(now) for now in range(5)] == [1, 2, 3, 3, None]


def test_after_a_calm_while_it_begins_anew() -> None:
    backoff = Backoff(first_s=1, restarts_max=1, calm_s=100)
    assert [backoff.next_s(now) for now in (0, 50, 100)] == [1, None, 1]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 50), max_size=50))
def test_restarts_are_bounded_in_any_while(pauses: list[float]) -> None:
    backoff, now, restarts = Backoff(restarts_max=3, calm_s=100), 0.0, list[float]()
    for pause_s in pauses:
        now += pause_s
        if backoff.next_s(now) is not None:
            restarts.append(now)
        assert sum(now - when < 100 for when in restarts) <= 3
