"""Speech for tests: what espeak-ng says, at the recogniser's rate, with a little silence around."""

from functools import cache

import numpy as np
import soxr

from audio import SAMPLE_RATE, Samples
from models.tts.espeak import speak_now

_ESPEAK_RATE = 22_050
LEAD_MS = 300
TRAIL_MS = 500


@cache
def say(
    text: str,
    voice: str | None = None,
    rate: int = SAMPLE_RATE,
    *,
    lead_ms: int = LEAD_MS,
    trail_ms: int = TRAIL_MS,
) -> Samples:
    """Return `text` spoken, shape (n,), read-only.

    espeak-ng remembers a phase, so samples differ a little with what it said before: take a clip
    where a test stands on every sample.
    """
    spoken, _ = speak_now(text, voice)
    speech = soxr.resample(spoken, _ESPEAK_RATE, rate)
    samples = np.pad(speech, (lead_ms * rate // 1000, trail_ms * rate // 1000))
    samples.flags.writeable = False
    return samples
