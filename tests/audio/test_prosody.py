"""The fall of a voice: its last 200 ms against the whole utterance."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import FRAME_MS
from audio.prosody import TAIL_MS, VoiceFall
from tests.support.clips import frames_of
from tests.support.signals import tone

pytestmark = pytest.mark.pure


def fall_of(*parts: tuple[float, int]) -> float:
    """The fall of a voice with so many dBFS for so many milliseconds, one after the other."""
    fall = VoiceFall()
    feed(fall, *parts)
    return fall.fall_db


def feed(fall: VoiceFall, *parts: tuple[float, int]) -> None:
    for dbfs, ms in parts:
        for frame in frames_of(tone(400, ms, dbfs=dbfs)):
            fall.feed(frame)


def test_a_steady_voice_does_not_fall() -> None:
    assert fall_of((-20, 1000)) == pytest.approx(0, abs=0.01)


def test_a_voice_that_ends_lower_falls() -> None:
    assert fall_of((-20, 1000), (-32, 200)) == pytest.approx(10, abs=0.1)


def test_a_voice_that_ends_louder_rises() -> None:
    assert fall_of((-32, 1000), (-20, 200)) == pytest.approx(-10, abs=0.1)


@pytest.mark.parametrize("ms", [0, 10, TAIL_MS])
def test_of_a_short_utterance_nothing_is_known(ms: int) -> None:
    assert fall_of((-10, ms // 2), (-40, ms - ms // 2)) == 0


def test_every_utterance_is_measured_by_itself() -> None:
    fall = VoiceFall()
    feed(fall, (-10, 1000))
    fall.restart()
    assert fall.fall_db == 0
    feed(fall, (-40, 1000))
    assert fall.fall_db == pytest.approx(0, abs=0.01)


@given(st.lists(st.integers(-60, -3), min_size=TAIL_MS // FRAME_MS + 1, max_size=60))
def test_the_fall_is_the_mean_of_all_less_the_mean_of_the_tail(levels: list[int]) -> None:
    fall = fall_of(*((level, FRAME_MS) for level in levels))
    tail = levels[-TAIL_MS // FRAME_MS :]
    expected = sum(levels) / len(levels) - sum(tail) / len(tail)
    assert fall == pytest.approx(expected, abs=0.2)
