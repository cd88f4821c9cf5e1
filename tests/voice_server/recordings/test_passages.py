"""Cutting recordings: no speech is lost, silence is, and nothing grows beyond its limit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import FRAME_MS, FRAME_SAMPLES
from voice_server.recordings.passages import Cutter, Stretch
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.pure

SETTINGS = TurnSettings(silence_ms=500, pre_roll_ms=200, speech_ms_min=100)


def cut(plan: list[tuple[bool, int]], settings: TurnSettings = SETTINGS) -> list[Stretch]:
    """Cut audio in which frame n holds the number n; `plan` says (voice?, milliseconds)."""
    cutter = Cutter(settings)
    stretches: list[Stretch | None] = []
    number = 0
    for voice, ms in plan:
        for _ in range(ms // FRAME_MS):
            frame = np.full(FRAME_SAMPLES, number % 32768, np.int16)
            stretches.append(cutter.feed(frame, voice))
            number += 1
    stretches.append(cutter.flush())
    return [stretch for stretch in stretches if stretch]


def spans(stretches: list[Stretch]) -> list[tuple[int, int]]:
    return [(s.start_ms, s.start_ms + len(s.samples) * 10 // FRAME_SAMPLES) for s in stretches]


def test_speech_comes_with_silence_around_it() -> None:
    stretches = cut([(False, 1000), (True, 800), (False, 2000)])
    assert spans(stretches) == [(800, 2300)]


def test_positions_are_those_of_the_recording() -> None:
    (stretch,) = cut([(False, 1000), (True, 800), (False, 2000)])
    assert stretch.samples[0] == 80
    assert stretch.samples[-1] == 229


def test_silences_separate_and_pauses_do_not() -> None:
    stretches = cut([(True, 400), (False, 300), (True, 400), (False, 600), (True, 400)])
    assert spans(stretches) == [(0, 1600), (1600, 2100)]


def test_clicks_are_dropped() -> None:
    assert cut([(False, 500), (True, 50), (False, 1000)]) == []


def test_the_end_of_the_recording_ends_speech() -> None:
    assert spans(cut([(True, 400), (False, 100)])) == [(0, 500)]


def test_silence_alone_is_nothing() -> None:
    assert cut([(False, 60_000)]) == []


def test_a_long_speech_is_cut_at_its_longest_pause() -> None:
    settings = SETTINGS.model_copy(update={"utterance_ms_max": 3000})
    plan = [(True, 1800), (False, 100), (True, 500), (False, 200), (True, 2000)]
    first, *_ = spans(cut(plan, settings))
    assert first == (0, 2500), "the middle of the pause"


def test_a_speech_without_pause_is_cut_at_the_limit() -> None:
    settings = SETTINGS.model_copy(update={"utterance_ms_max": 3000})
    assert spans(cut([(True, 7000)], settings)) == [(0, 3000), (3000, 6000), (6000, 7000)]


PLANS = st.lists(st.tuples(st.booleans(), st.integers(0, 2000)), max_size=12)


@given(PLANS)
def test_stretches_are_whole_ordered_and_bounded(plan: list[tuple[bool, int]]) -> None:
    settings = SETTINGS.model_copy(update={"utterance_ms_max": 3000})
    end_ms = 0
    for stretch in cut(plan, settings):
        assert stretch.start_ms >= end_ms
        end_ms = stretch.start_ms + len(stretch.samples) * 10 // FRAME_SAMPLES
        assert end_ms - stretch.start_ms <= 3000 + settings.pre_roll_ms
        numbers = stretch.samples[::FRAME_SAMPLES]
        assert numbers[0] == stretch.start_ms // FRAME_MS
        assert (np.diff(numbers) == 1).all()


@given(PLANS)
def test_no_speech_is_lost(plan: list[tuple[bool, int]]) -> None:
    settings = SETTINGS.model_copy(update={"utterance_ms_max": 3000, "speech_ms_min": 0})
    kept = {int(n) for s in cut(plan, settings) for n in s.samples[::FRAME_SAMPLES]}
    number = 0
    for voice, ms in plan:
        for _ in range(ms // FRAME_MS):
            assert not voice or number in kept
            number += 1
