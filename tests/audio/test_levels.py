"""Levels: decibels against signals whose level is known, and a floor that finds the room."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.levels import FLOOR_DBFS, NoiseFloor, peak_dbfs, rms_dbfs
from tests.support.signals import tone, white_noise

pytestmark = pytest.mark.pure

levels = st.floats(-96, 0)


def test_a_full_scale_square_wave_is_zero() -> None:
    square = np.array([-32768, 32767] * 80, dtype=np.int16)
    assert rms_dbfs(square) == pytest.approx(0, abs=0.001)
    assert peak_dbfs(square) == 0


def test_a_sine_wave_is_three_decibels_below_its_peak() -> None:
    sine = tone(1000, 100, dbfs=-20)
    assert peak_dbfs(sine) == pytest.approx(-20, abs=0.05)
    assert rms_dbfs(sine) == pytest.approx(-23.01, abs=0.05)


def test_noise_has_the_level_it_was_made_with() -> None:
    assert rms_dbfs(white_noise(1000, -40)) == pytest.approx(-40, abs=0.2)


@pytest.mark.parametrize("samples", [np.zeros(160, dtype=np.int16), np.empty(0, dtype=np.int16)])
def test_silence_and_nothing_are_at_the_floor(
    samples: np.ndarray[tuple[int], np.dtype[np.int16]],
) -> None:
    assert rms_dbfs(samples) == peak_dbfs(samples) == FLOOR_DBFS


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=200))
def test_floor_up_to_rms_up_to_peak_up_to_zero(values: list[int]) -> None:
    samples = np.array(values, dtype=np.int16)
    assert FLOOR_DBFS <= rms_dbfs(samples) <= peak_dbfs(samples) + 0.001 <= 0.002


def test_the_floor_starts_at_the_first_level() -> None:
    floor = NoiseFloor()
    assert floor.dbfs == FLOOR_DBFS
    assert floor.update(-50, 10) == floor.dbfs == -50


def test_one_time_constant_covers_63_percent() -> None:
    floor = NoiseFloor(rise_ms=1000, fall_ms=100)
    floor.update(-60, 10)
    for _ in range(100):
        floor.update(-50, 10)
    assert floor.dbfs == pytest.approx(-60 + 6.32, abs=0.01)
    start = floor.dbfs
    for _ in range(10):
        floor.update(-70, 10)
    assert floor.dbfs == pytest.approx(start + 0.632 * (-70 - start), abs=0.01)


def test_an_utterance_hardly_lifts_the_floor() -> None:
    floor = NoiseFloor()
    floor.update(-60, 10)
    for _ in range(8):
        floor.update(-25, 250)
        floor.update(-60, 100)
    assert floor.dbfs < -55


@given(first=levels, then=st.lists(st.tuples(levels, st.floats(1, 1000)), max_size=20))
def test_the_floor_stays_within_what_it_heard(
    first: float, then: list[tuple[float, float]]
) -> None:
    floor = NoiseFloor()
    floor.update(first, 10)
    for level, duration_ms in then:
        floor.update(level, duration_ms)
    heard = [first, *(level for level, _ in then)]
    assert min(heard) - 1e-9 <= floor.dbfs <= max(heard) + 1e-9


@given(level=levels, target=levels, milliseconds=st.integers(2, 500))
def test_how_time_is_cut_does_not_matter(level: float, target: float, milliseconds: int) -> None:
    at_once, in_steps = NoiseFloor(), NoiseFloor()
    at_once.update(level, 1)
    in_steps.update(level, 1)
    at_once.update(target, milliseconds)
    for _ in range(milliseconds):
        in_steps.update(target, 1)
    assert in_steps.dbfs == pytest.approx(at_once.dbfs, abs=1e-6)
