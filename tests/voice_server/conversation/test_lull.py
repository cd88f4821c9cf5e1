"""A lull is told of once, when it has lasted long enough, and again after somebody has spoken."""

import pytest

from audio import FRAME_MS
from voice_server.conversation.lull import Lull

pytestmark = pytest.mark.pure


def told_at(frames: list[bool], idle_ms: int) -> list[int]:
    """Milliseconds at which the lull was told of, from whether each frame was busy."""
    lull = Lull()
    return [
        index * FRAME_MS for index, busy in enumerate(frames, start=1) if lull.frame(busy, idle_ms)
    ]


def test_a_lull_is_told_of_once() -> None:
    assert told_at([False] * 500, 2000) == [2000]


def test_it_counts_from_the_last_sound_of_either_side() -> None:
    assert told_at([False] * 100 + [True] * 50 + [False] * 300, 2000) == [3500]


def test_the_next_lull_is_told_of_again() -> None:
    assert told_at([False] * 250 + [True] + [False] * 250, 2000) == [2000, 4510]


def test_zero_means_never() -> None:
    assert told_at([False] * 1000, 0) == []
