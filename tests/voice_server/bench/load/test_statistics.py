"""Percentiles, ratios and growth, on numbers whose answer is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.bench.load.statistics import Summary, growth_exponent, ratio, summary

pytestmark = pytest.mark.pure


def test_a_summary_is_by_nearest_rank() -> None:
    assert summary([float(n) for n in range(1, 101)]) == Summary(100, 50, 95, 99, 100)
    assert summary([]) is None


def test_a_ratio_is_taken_block_by_block() -> None:
    found = ratio([2.0, 40.0, 6.0], [1.0, 20.0, 2.0])
    assert found is not None
    assert found.median == 2.0
    assert found.low == 2.0
    assert found.high == 3.0
    assert ratio([1.0], [0.0]) is None


@given(st.floats(0.2, 3), st.floats(0.01, 100))
def test_the_exponent_of_a_power_law_is_found(exponent: float, cost: float) -> None:
    sizes = [10.0, 50.0, 100.0]
    found = growth_exponent(sizes, [cost * size**exponent for size in sizes])
    assert found == pytest.approx(exponent)


def test_one_size_does_not_grow() -> None:
    assert growth_exponent([10.0], [5.0]) is None
    assert growth_exponent([10.0, 20.0], [5.0, 0.0]) is None
