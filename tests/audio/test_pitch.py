"""Pitch, and whether a melody has come down to its end: on made-up voices and on recorded ones."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import SAMPLE_RATE, Samples
from audio.pitch import HERTZ_MAX, HERTZ_MIN, WINDOW_MS, Melody, pitch_hz
from tests.support.clips import frames_of
from tests.support.signals import to_samples, white_noise

pytestmark = pytest.mark.pure

WINDOW = SAMPLE_RATE * WINDOW_MS // 1000
BASE_HZ = 150.0


def sung(semitones: Sequence[float], *, base_hz: float = BASE_HZ) -> Samples:
    """A voice of ten harmonics that glides from point to point, 100 ms each."""
    points = np.array([semitones[0], *semitones])
    at = np.linspace(0, len(semitones), len(semitones) * SAMPLE_RATE // 10)
    hertz = base_hz * 2 ** (np.interp(at, np.arange(len(points)), points) / 12)
    phase = 2 * np.pi * np.cumsum(hertz) / SAMPLE_RATE
    return to_samples(np.sum([0.05 / k * np.sin(k * phase) for k in range(1, 11)], axis=0))


def falls(samples: Samples, melody: Melody | None = None) -> bool | None:
    melody = melody or Melody()
    for frame in frames_of(samples):
        melody.feed(frame)
    return melody.falls


@given(st.floats(HERTZ_MIN + 5, HERTZ_MAX - 60))
def test_the_pitch_of_a_voice_is_found_within_a_semitone(hertz: float) -> None:
    found = pitch_hz(sung([0, 0], base_hz=hertz)[:WINDOW])
    assert found is not None
    assert abs(12 * np.log2(found / hertz)) < 1


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_pitch(seed: int) -> None:
    assert pitch_hz(white_noise(WINDOW_MS, -20, seed=seed)) is None


def test_silence_has_no_pitch() -> None:
    assert pitch_hz(np.zeros(WINDOW, dtype=np.int16)) is None


def test_a_statement_comes_down_to_its_end() -> None:
    assert falls(sung([0, 1, 0, 1, 0, -1, -3, -5])) is True


def test_half_a_sentence_stays_up() -> None:
    assert falls(sung([0, 1, 0, 1, 0, 0, 0, 0])) is False


def test_what_falls_and_rises_again_will_go_on() -> None:
    assert falls(sung([0, 1, 0, 1, 0, -5, -4, -2.5])) is False


def test_a_single_word_falls_by_its_own_span() -> None:
    assert falls(sung([3, 2, 0, -2.5])) is True


def test_of_a_short_level_word_nothing_is_known() -> None:
    assert falls(sung([0, 0, 0])) is None


def test_of_nothing_nothing_is_known() -> None:
    assert falls(white_noise(1000, -20)) is None


def test_the_speakers_own_middle_is_remembered_from_turn_to_turn() -> None:
    low, known = sung([-3, -3, -3]), Melody()
    assert falls(low) is None
    falls(sung([0, 1, 0, 1, 0, 1, 0, 1]), known)
    known.restart()
    assert falls(low, known) is True


def test_an_octave_error_at_the_end_is_not_believed() -> None:
    falling = sung([0, 1, 0, 1, 0, -1, -3, -5])
    glitch = sung([15], base_hz=BASE_HZ)[: SAMPLE_RATE * 40 // 1000]
    assert falls(np.concatenate((falling, glitch))) is True


@given(st.floats(90, 250))
def test_it_means_the_same_for_every_voice(base_hz: float) -> None:
    assert falls(sung([0, 1, 0, 1, 0, -1, -3, -5], base_hz=base_hz)) is True
    assert falls(sung([0, 1, 0, 1, 0, 0, 0, 0], base_hz=base_hz)) is False
