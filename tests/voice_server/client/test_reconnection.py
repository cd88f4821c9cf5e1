"""When to come back, and after how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.client.errors import ConnectionLost, Unauthorized
from voice_server.client.reconnection import ONCE, Reconnection

pytestmark = pytest.mark.pure

LOST = ConnectionLost("lost")
attempts = st.integers(0, 10_000)
chances = st.floats(0, 1)


def test_after_a_loss_it_comes_back_until_the_attempts_are_spent() -> None:
    patience = Reconnection(attempts_max=2)
    tried = [patience.may_try(attempt, LOST, was_open=True) for attempt in range(3)]
    assert tried == [True, True, False]


def test_the_first_connection_is_tried_once_unless_asked_otherwise() -> None:
    assert not Reconnection().may_try(0, LOST, was_open=False)
    assert Reconnection(at_first=True).may_try(0, LOST, was_open=False)


@given(attempts)
def test_without_a_limit_it_never_gives_up(attempt: int) -> None:
    assert Reconnection(attempts_max=None).may_try(attempt, LOST, was_open=True)
    assert not ONCE.may_try(attempt, LOST, was_open=True)


def test_what_would_happen_again_is_not_tried_again() -> None:
    patience = Reconnection(attempts_max=None, at_first=True)
    assert not patience.may_try(0, Unauthorized("a key"), was_open=True)


@given(attempts, chances, st.floats(0, 60))
def test_the_wait_is_within_its_bounds(attempt: int, chance: float, asked_s: float) -> None:
    patience = Reconnection()
    wait_s = patience.delay_s(attempt, chance, asked_s)
    assert asked_s <= wait_s <= asked_s + patience.longest_s


def test_the_bound_doubles_up_to_the_longest() -> None:
    patience = Reconnection(shortest_s=0.25, longest_s=8.0)
    bounds = [patience.delay_s(attempt, 1.0) for attempt in range(7)]
    assert bounds == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
