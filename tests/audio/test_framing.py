"""Framing: samples of any lengths become whole frames, and none is lost."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import FRAME_SAMPLES
from audio.framing import Framer
from tests.support.chunks import cut, cut_points

pytestmark = pytest.mark.pure


@given(length=st.integers(0, 1000), frame_samples=st.integers(1, 200), points=cut_points(1000))
def test_samples_are_conserved(length: int, frame_samples: int, points: list[int]) -> None:
    samples = np.arange(length, dtype=np.int16)
    framer = Framer(frame_samples)
    frames = [frame for piece in cut(samples, points) for frame in framer.feed(piece)]
    assert all(len(frame) == frame_samples for frame in frames)
    assert len(frames) == length // frame_samples
    assert framer.pending == length % frame_samples
    joined = [value for frame in frames for value in frame.tolist()]
    assert joined == list(range(length - framer.pending))


def test_a_frame_is_ten_milliseconds_by_default() -> None:
    framer = Framer()
    assert framer.feed(np.zeros(FRAME_SAMPLES - 1, dtype=np.int16)) == []
    (frame,) = framer.feed(np.zeros(1, dtype=np.int16))
    assert len(frame) == FRAME_SAMPLES


def test_the_rest_survives_a_reused_buffer() -> None:
    buffer = np.full(100, 7, dtype=np.int16)
    framer = Framer()
    framer.feed(buffer)
    buffer[:] = 0
    (frame,) = framer.feed(np.full(60, 7, dtype=np.int16))
    assert set(frame.tolist()) == {7}
