"""Telephone audio as the ear gets it: 8 kHz, µ-law, 5 % noise, loud callers and quiet ones."""

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder, encode
from audio.framing import Framer
from audio.resample import Resampler
from audio.silero import SileroModel
from audio.vad import VoiceDetector
from tests.support.speech import LEAD_MS, TRAIL_MS, say

pytestmark = pytest.mark.engine

QUESTION = "Say the window is open."
NOISE = 150
"""Five hundredths of the loud syllables of the speech."""


async def telephoned(gain_db: float) -> Samples:
    """The question over the telephone, at 8 kHz."""
    speech = await asyncio.to_thread(say, QUESTION, None, 8000)
    noisy = speech + np.random.default_rng(7).normal(0, NOISE, len(speech))
    samples = np.clip(noisy * 10 ** (gain_db / 20), -32768, 32767).astype(np.int16)
    return Decoder(AudioFormat(Codec.PCMU, 8000)).feed(encode(samples, Codec.PCMU))


@pytest.mark.parametrize("gain_db", [0, -12, -26])
async def test_callers_are_understood_loud_and_quiet(
    understand: Callable[[Samples, int], Awaitable[str]], gain_db: float
) -> None:
    assert await understand(await telephoned(gain_db), 8000) == QUESTION


@pytest.mark.parametrize("gain_db", [0, -12, -26])
async def test_voice_is_told_from_the_noise_around_it(gain_db: float) -> None:
    """Voice begins with the speech, not with the noise before it, and ends after it."""
    resampler = Resampler(8000, 16_000)
    samples = np.concatenate((resampler.feed(await telephoned(gain_db)), resampler.flush()))
    detector = VoiceDetector(await asyncio.to_thread(SileroModel))
    voice = np.array([detector.feed(frame) for frame in Framer().feed(samples)])
    (at,) = np.nonzero(voice)
    assert LEAD_MS <= at[0] * 10 <= LEAD_MS + 200
    assert at[-1] * 10 <= len(voice) * 10 - TRAIL_MS + 250
    assert voice[at[0] : at[-1]].mean() > 0.8
