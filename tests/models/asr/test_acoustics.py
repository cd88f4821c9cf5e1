"""What can be a voice, and what cannot, by sound alone."""

import numpy as np
import pytest

from audio import SAMPLE_RATE, Samples
from models.asr.acoustics import Acoustics, acoustics
from tests.support.clips import load_clip
from tests.support.speech import say

pytestmark = pytest.mark.engine


def mixed(speech: Samples, snr_db: float) -> Samples:
    """Speech with white noise so far below its loud parts."""
    loud = speech[np.abs(speech) > 200].astype(np.float64)
    sigma = np.sqrt(np.mean(loud**2)) / 10 ** (snr_db / 20)
    noise = np.random.default_rng(0).normal(0, sigma, len(speech))
    return np.clip(speech + noise, -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("clip", ["no", "pause", "question", "stop"])
def test_people_are_heard(clip: str) -> None:
    sound = acoustics(load_clip(clip))
    assert sound.audible
    assert not sound.weak
    assert sound.speech_ms <= sound.span_ms


@pytest.mark.parametrize("snr_db", [30, 20, 12])
def test_a_short_word_is_heard_in_noise(snr_db: float) -> None:
    assert acoustics(mixed(say("no"), snr_db)).audible


def test_a_word_cut_out_of_the_middle_of_speech_is_heard() -> None:
    speech = say("Set an alarm for six o'clock.", lead_ms=0, trail_ms=0)
    assert acoustics(speech[8000:16_000]).audible


@pytest.mark.parametrize("level", [0, 3, 30, 300, 3000])
def test_noise_is_no_voice(level: int) -> None:
    noise = np.random.default_rng(level).normal(0, level, 3 * SAMPLE_RATE).astype(np.int16)
    assert acoustics(noise) == Acoustics()


def test_a_held_tone_an_offset_and_clicks_are_no_voice() -> None:
    time_s = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = (8000 * np.sin(2 * np.pi * 440 * time_s)).astype(np.int16)
    offset = np.full(SAMPLE_RATE, 9000, np.int16)
    clicks = np.random.default_rng(1).normal(0, 20, 2 * SAMPLE_RATE)
    for start in range(2000, len(clicks), 6000):
        clicks[start : start + 80] = 9000
    for samples in (tone, offset, clicks.astype(np.int16), np.zeros(0, np.int16)):
        assert not acoustics(samples).audible


def test_an_offset_hides_no_voice() -> None:
    speech = say("no")
    assert acoustics((speech // 2 + 8000).astype(np.int16)).audible


def test_faint_or_brief_sounds_are_weak() -> None:
    assert Acoustics(speech_ms=200, span_ms=200, snr_db=40).weak
    assert Acoustics(speech_ms=900, span_ms=900, snr_db=8).weak
    assert not Acoustics(speech_ms=300, span_ms=300, snr_db=20).weak
