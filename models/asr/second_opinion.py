"""Whether a stretch of audio holds a voice at all, asked when the recogniser is not sure.

Whisper writes sentences over gusts of wind and music; Silero's detector, which was made to tell
voices from everything else, does not hear one there. It costs 2 to 6 ms for each second of audio,
so it is asked about doubtful results only.
"""

from typing import Protocol

import numpy as np

from audio import Samples
from audio.silero import WINDOW_SAMPLES, SileroModel, SileroStream

_AUDIO_MS_MAX = 10_000
_WINDOWS = 3
"""About 100 ms: no word is shorter."""


class VoiceJudge(Protocol):
    """Anything that knows voices."""

    def likelihood(self, samples: Samples) -> float:
        """Return how likely it is that somebody speaks in 16 kHz audio, 0 to 1. Blocks."""
        ...


class SileroJudge:
    """Silero as a judge; any thread may ask."""

    def __init__(self, model: SileroModel | None = None) -> None:
        self._model = model or SileroModel()

    def likelihood(self, samples: Samples) -> float:
        """Return the highest mean probability over 100 ms, of the last ten seconds."""
        stream, latest = SileroStream(self._model), samples[-16 * _AUDIO_MS_MAX :]
        whole = len(latest) // WINDOW_SAMPLES * WINDOW_SAMPLES
        found = [
            stream.feed(latest[start : start + WINDOW_SAMPLES]) or 0.0
            for start in range(0, whole, WINDOW_SAMPLES)
        ]
        if len(found) < _WINDOWS:
            return max(found, default=0.0)
        means = np.convolve(found, np.full(_WINDOWS, 1 / _WINDOWS), mode="valid")
        return float(means.max())
