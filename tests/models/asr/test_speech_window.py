"""The window keeps what was fed, less its front, and knows where it is quiet."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import Samples
from audio.levels import FLOOR_DBFS
from models.asr.speech_window import (
    SpeechWindow,
    audible_ms,
    frame_levels,
    loud_frames,
    quietest,
    trailing_quiet_ms,
    without_pauses,
)

pytestmark = pytest.mark.pure


def tone(ms: int, level: int = 8000) -> Samples:
    return np.resize(np.array([level, -level], np.int16), ms * 16)


def silence(ms: int) -> Samples:
    return np.zeros(ms * 16, np.int16)


@given(st.lists(st.integers(0, 700), max_size=10), st.integers(0, 400))
@settings(max_examples=100)
def test_what_is_left_is_the_end_of_what_was_fed(sizes: list[int], drop_ms: int) -> None:
    window = SpeechWindow()
    fed: list[Samples] = [np.zeros(0, np.int16)]
    for number, size in enumerate(sizes):
        fed.append(np.full(size, number, np.int16))
        window.append(fed[-1])
    whole = np.concatenate(fed)
    assert window.end_ms == len(whole) // 16
    window.drop_until(drop_ms)
    assert window.start_ms == min(drop_ms, len(whole) // 16)
    np.testing.assert_array_equal(window.samples(), whole[drop_ms * 16 :])


def test_the_window_keeps_a_copy() -> None:
    window = SpeechWindow()
    buffer = tone(10)
    window.append(buffer)
    buffer[:] = 0
    assert window.samples().any()


def test_dropping_never_goes_back() -> None:
    window = SpeechWindow()
    window.append(tone(100))
    window.drop_until(50)
    window.drop_until(20)
    assert (window.start_ms, window.end_ms) == (50, 100)
    window.clear()
    assert (window.start_ms, len(window.samples())) == (100, 0)


def test_levels_of_whole_frames() -> None:
    levels = frame_levels(np.concatenate([tone(10, 16384), silence(15)]))
    assert levels == pytest.approx([-6.02, FLOOR_DBFS], abs=0.01)


def test_audible_counts_what_could_be_a_voice() -> None:
    assert audible_ms(np.concatenate([silence(500), tone(80), tone(90, 20)])) == 80


@pytest.mark.parametrize(
    ("samples", "quiet_ms"),
    [
        (np.concatenate([tone(300), silence(200)]), 200),
        (np.concatenate([tone(300), tone(200, 300)]), 200),
        (np.concatenate([tone(300), tone(200, 1000)]), 200),
        (np.concatenate([tone(300), tone(200, 3000)]), 0),
        (silence(70), 70),
        (silence(0), 0),
    ],
)
def test_quiet_at_the_end_is_relative_to_the_voice(samples: Samples, quiet_ms: int) -> None:
    assert trailing_quiet_ms(samples) == quiet_ms


def test_pauses_leave_a_span() -> None:
    loud = loud_frames(np.concatenate([silence(300), tone(200), silence(50), tone(100)]))
    assert without_pauses(loud, 0, 600) == (300, 600)
    assert without_pauses(loud, 45, 530) == (300, 500)
    assert without_pauses(loud, 0, 280) == (0, 280)
    assert without_pauses(loud_frames(silence(0)), 0, 0) == (0, 0)


def test_the_quietest_place() -> None:
    samples = np.concatenate([tone(500), silence(100), tone(400), tone(200, 50), tone(100)])
    assert quietest(samples, 0, 1300) == pytest.approx((550, FLOOR_DBFS))
    assert quietest(samples, 700, 1300)[0] in range(1050, 1151)
    assert quietest(samples, -100, 300)[0] in range(300)
    assert quietest(samples, 200, 205) == (202, FLOOR_DBFS)
