"""Faster and slower at the same pitch."""

import numpy as np
import pytest

from audio import Samples
from voice_server.recordings.tempo import Tempo

pytestmark = pytest.mark.pure

RATE = 24_000


def tone() -> Samples:
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(RATE * 3) / RATE)).astype(np.int16)


def changed(factor: float) -> Samples:
    tempo = Tempo(factor, RATE)
    pieces = [tempo.feed(piece) for piece in np.array_split(tone(), 30)]
    return np.concatenate([*pieces, tempo.finish()])


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 2.0])
def test_it_takes_its_time_and_keeps_its_pitch(factor: float) -> None:
    samples = changed(factor)
    assert len(samples) / RATE == pytest.approx(3 / factor, rel=0.02)
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    assert np.argmax(spectrum) * RATE / len(samples) == pytest.approx(440, abs=2)


def test_as_fast_as_it_was_is_as_it_was() -> None:
    assert np.array_equal(changed(1), tone())


def test_nothing_stays_nothing() -> None:
    tempo = Tempo(2.0, RATE)
    assert len(tempo.feed(np.zeros(0, np.int16))) == 0
    assert len(tempo.finish()) == 0


@pytest.mark.parametrize("factor", [0.4, 2.1, 0])
def test_what_nobody_could_understand_is_refused(factor: float) -> None:
    with pytest.raises(ValueError, match=r"use 0\.5 to 2\.0"):
        Tempo(factor, RATE)
