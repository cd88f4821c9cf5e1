"""Pre-roll: always the newest audio, never too much of it."""

import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import FRAME_SAMPLES, SAMPLE_RATE
from audio.preroll import PreRoll

pytestmark = pytest.mark.pure


@given(duration_ms=st.integers(0, 60), lengths=st.lists(st.integers(0, 400), max_size=20))
def test_it_holds_the_newest_audio_and_no_more(duration_ms: int, lengths: list[int]) -> None:
    preroll = PreRoll(duration_ms)
    audio = np.arange(sum(lengths), dtype=np.int16)
    start = 0
    for length in lengths:
        preroll.push(audio[start : start + length])
        start += length
    samples_max = duration_ms * SAMPLE_RATE // 1000
    expected = audio[max(0, len(audio) - samples_max) :]
    assert preroll.held_ms == len(expected) * 1000 // SAMPLE_RATE
    assert preroll.drain().tolist() == expected.tolist()


def test_half_a_second_by_default() -> None:
    preroll = PreRoll()
    for value in range(80):
        preroll.push(np.full(FRAME_SAMPLES, value, dtype=np.int16))
    assert preroll.duration_ms == preroll.held_ms == 500
    drained = preroll.drain()
    assert (drained[0], drained[-1], len(drained)) == (30, 79, 8000)


def test_old_frames_are_let_go() -> None:
    preroll = PreRoll(100)
    pushed = []
    for _ in range(1000):
        frame = np.zeros(FRAME_SAMPLES, dtype=np.int16)
        pushed.append(weakref.ref(frame))
        preroll.push(frame)
    del frame
    assert sum(reference() is not None for reference in pushed) == 10


def test_draining_empties_it() -> None:
    preroll = PreRoll()
    preroll.push(np.ones(FRAME_SAMPLES, dtype=np.int16))
    assert len(preroll.drain()) == FRAME_SAMPLES
    assert len(preroll.drain()) == 0
    assert preroll.held_ms == 0
    preroll.push(np.full(FRAME_SAMPLES, 2, dtype=np.int16))
    assert set(preroll.drain().tolist()) == {2}
