"""Load as it rises and falls: partials slow down before anybody is refused, and nothing flaps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.load import Load, LoadLimits, LoadMeter

pytestmark = pytest.mark.pure


def after(meter: LoadMeter, seconds: float, busy_share: float, start_s: float = 0.0) -> Load:
    """Keep one worker busy for that part of the time."""
    for tick in range(int(seconds * 10)):
        meter.worked(start_s + tick / 10, busy_share / 10)
    return meter.load(start_s + seconds)


def test_an_idle_server_is_quick_and_open() -> None:
    assert LoadMeter(2).load(100.0) == Load(1.0, False, 0)


def test_partials_slow_down_before_anybody_is_refused() -> None:
    meter = LoadMeter(1)
    assert after(meter, 2, 0.5) == Load()
    busy = after(meter, 1.5, 0.95, 2)
    assert 1 < busy.stretch < LoadLimits().refuse_stretch
    assert not busy.full
    overloaded = after(meter, 20, 1.0, 4)
    assert overloaded == Load(LoadLimits().stretch_max, True, LoadLimits().retry_after_s)


def test_slower_partials_find_their_balance() -> None:
    """Work that shrinks as the interval grows ends near the share that is wanted."""
    meter, demand, stretch = LoadMeter(1), 1.6, 1.0
    for tick in range(600):
        meter.worked(tick / 10, min(1.0, demand / stretch) / 10)
        stretch = meter.load(tick / 10).stretch
    assert demand / stretch == pytest.approx(LoadLimits().busy_share, rel=0.15)
    assert not meter.load(60).full


def test_newcomers_wait_until_the_load_is_well_below_where_it_began() -> None:
    limits = LoadLimits(stretch_max=8, refuse_stretch=4, admit_stretch=2)
    meter, seen = LoadMeter(1, limits), set[tuple[bool, bool]]()
    after(meter, 20, 1.0)
    for tick in range(200):
        meter.worked(20 + tick / 10, 0.05)
        load = meter.load(20 + tick / 10)
        seen.add((load.full, load.stretch < limits.refuse_stretch))
        assert load.full or load.stretch < limits.admit_stretch
    assert (True, True) in seen
    assert not meter.load(41).full


def test_finals_that_wait_turn_newcomers_away_for_a_while() -> None:
    meter = LoadMeter(1)
    for tick in range(20):
        meter.waited(tick / 10, 0.5)
    assert meter.load(2.0).full
    assert meter.load(9.0).full
    assert not meter.load(20.0).full


def test_one_slow_final_among_many_is_no_overload() -> None:
    meter = LoadMeter(1)
    for tick in range(99):
        meter.waited(tick / 100, 0.01)
    meter.waited(1.0, 5.0)
    assert not meter.load(1.0).full


def test_after_a_long_silence_all_is_well() -> None:
    meter = LoadMeter(1)
    after(meter, 20, 1.0)
    assert meter.load(600).stretch == 1.0


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(0, 10), st.floats(0, 10)), max_size=40))
@settings(max_examples=100)
def test_whatever_happens_the_advice_is_within_its_limits(
    history: list[tuple[float, float, float]],
) -> None:
    meter, now_s = LoadMeter(2), 0.0
    for passed_s, worked_s, waited_s in history:
        now_s += passed_s
        meter.worked(now_s, worked_s)
        meter.waited(now_s, waited_s)
        load = meter.load(now_s)
        assert 1 <= load.stretch <= LoadLimits().stretch_max
        assert load.full is bool(load.retry_after_s)
