"""The largest number that holds is found with few questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.bench.asr.capacity import Load, held, load
from voice_server.bench.asr.captions import Score

pytestmark = pytest.mark.pure


@given(most=st.integers(1, 200), truth=st.integers(0, 250))
def test_the_largest_that_holds_is_found(most: int, truth: int) -> None:
    asked: list[int] = []

    def holds(talkers: int) -> bool:
        asked.append(talkers)
        return talkers <= truth

    assert held(most, holds) == min(most, truth)
    assert len(asked) == len(set(asked)) <= 16
    assert all(1 <= talkers <= most for talkers in asked)


def test_a_load_is_held_if_the_slowest_are_in_time() -> None:
    assert load(1, [Score(900, 400)] * 20, 0.1, None).held


@pytest.mark.parametrize(
    "bad",
    [
        load(1, [Score(900, 400)] * 18 + [Score(900, 501)] * 2, 0.1, None),
        load(1, [Score(900, 400)] * 18 + [Score(1001, 400)] * 2, 0.1, None),
        load(1, [Score(900, 400), Score(900, None)], 0.1, None),
        load(1, [Score(900, 400)], 0.1, "late"),
        load(1, [], 0.1, None),
    ],
    ids=["final", "first words", "unanswered", "void", "nothing"],
)
def test_nothing_else_is(bad: Load) -> None:
    assert not bad.held
