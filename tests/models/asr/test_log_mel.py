"""Features as faster-whisper makes them, whatever the steps in which they are made."""

import numpy as np
import pytest
from faster_whisper.feature_extractor import FeatureExtractor
from hypothesis import given, settings
from hypothesis import strategies as st

from audio import Samples
from models.asr.log_mel import HOP, Frames, LogMel, LogMelCache, normalised
from tests.support.speech import say

pytestmark = pytest.mark.engine

EXTRACTOR = FeatureExtractor()
FILTERS = EXTRACTOR.mel_filters
SPEECH = np.random.default_rng(0).normal(0, 3000, 32_000).astype(np.int16)


def fresh(samples: Samples, start: int = 0) -> Frames:
    return LogMel(FILTERS).frames(samples, start)


def same(found: Frames, expected: Frames) -> None:
    """Equal but for the last bit, which depends on how a matrix was cut."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_features_equal_those_of_faster_whisper() -> None:
    speech = say("Set an alarm for six o'clock.")
    expected = EXTRACTOR(speech.astype(np.float32) / 32768)
    same(normalised(fresh(speech)), expected)


@given(st.lists(st.integers(1, 6000), min_size=1, max_size=8))
@settings(max_examples=50)
def test_growing_windows_equal_one_window(steps: list[int]) -> None:
    mel = LogMel(FILTERS)
    for end in np.cumsum(steps):
        window = SPEECH[:end]
        same(mel.frames(window, 0), fresh(window))


def test_a_window_that_moved_on_keeps_what_it_knew() -> None:
    mel, start = LogMel(FILTERS), 50 * HOP
    mel.frames(SPEECH[:24_000], 0)
    same(mel.frames(SPEECH[start:], start), fresh(SPEECH)[:, 50:])


def test_other_audio_at_the_same_place_is_not_mistaken() -> None:
    mel = LogMel(FILTERS)
    mel.frames(SPEECH, 0)
    other = SPEECH[::-1].copy()
    same(mel.frames(other, 0), fresh(other))


def test_an_earlier_or_shorter_window_is_computed_anew() -> None:
    mel = LogMel(FILTERS)
    mel.frames(SPEECH[160 * HOP :], 160 * HOP)
    same(mel.frames(SPEECH, 0), fresh(SPEECH))
    same(mel.frames(SPEECH[:5000], 0), fresh(SPEECH[:5000]))


def test_silence_and_nothing_have_features() -> None:
    assert normalised(fresh(np.zeros(1600, np.int16))).max() == pytest.approx(-1.5)
    assert fresh(np.zeros(0, np.int16)).shape == (80, 1)


def test_utterances_are_remembered_and_forgotten_in_turn() -> None:
    cache = LogMelCache(FILTERS, utterances_max=2)
    for utterance in (1, 2, 1, 3, 0, 1, 2):
        found = cache.frames(utterance, SPEECH, 0)
        same(found, fresh(SPEECH))
    assert len(cache) == 2
