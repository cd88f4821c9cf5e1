"""The audio of an utterance that still has to be decoded, and where it is quiet.

Audio whose words are settled leaves at the front, so the window stays short however long somebody
speaks. Positions are milliseconds since the utterance began, whatever has left.
"""

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE, Samples
from audio.levels import FLOOR_DBFS

QUIET_DBFS = -60.0
"""Below this nobody speaks, however quiet the rest is."""
QUIET_BELOW_PEAK_DB = 24.0
"""A frame this much softer than the loudest one is a pause, or a room."""
_ABOVE_FLOOR_DB, _BELOW_PEAK_DB_MIN = 6.0, 12.0
_FLOOR_PERCENTILE = 10


class SpeechWindow:
    """Appended 16 kHz audio, less what was dropped at the front."""

    def __init__(self) -> None:
        self._audio: Samples = np.zeros(0, np.int16)
        self._news: list[Samples] = []
        self._start = 0
        self._end = 0

    @property
    def start_ms(self) -> int:
        """Where the window begins."""
        return self._start * 1000 // SAMPLE_RATE

    @property
    def end_ms(self) -> int:
        """Where it ends: how much was appended in all."""
        return self._end * 1000 // SAMPLE_RATE

    def append(self, samples: Samples) -> None:
        """Add a copy of `samples`, shape (n,)."""
        self._news.append(np.array(samples, np.int16))
        self._end += len(samples)

    def samples(self) -> Samples:
        """Return the whole window, shape (n,). Must not be written to."""
        if self._news:
            self._audio = np.concatenate([self._audio, *self._news])
            self._news.clear()
        return self._audio

    def drop_until(self, position_ms: int) -> None:
        """Forget the audio before `position_ms`; later than the end means all of it."""
        start = min(max(self._start, position_ms * SAMPLE_RATE // 1000), self._end)
        self._audio = self.samples()[start - self._start :].copy()
        self._start = start

    def clear(self) -> None:
        """Forget all audio."""
        self.drop_until(self.end_ms + 1)


def frame_levels(samples: Samples) -> NDArray[np.float32]:
    """Return the level of each whole 10 ms frame in dBFS, shape (n // 160,): offsets are silent."""
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = (frames.astype(np.float32) / 32768).var(axis=1)
    levels: NDArray[np.float32] = 10 * np.log10(np.maximum(power, np.float32(1e-10)))
    return np.maximum(levels, np.float32(FLOOR_DBFS))


def audible_ms(samples: Samples) -> int:
    """Count the milliseconds in which there is anything that could be a voice."""
    return int(np.count_nonzero(frame_levels(samples) > QUIET_DBFS)) * FRAME_MS


def loud_frames(samples: Samples) -> NDArray[np.bool_]:
    """Return which 10 ms frames stand out of the noise, beside the loudest; shape (n // 160,)."""
    levels = frame_levels(samples)
    if not levels.size:
        return np.zeros(0, np.bool_)
    peak = float(levels.max())
    floor = float(np.percentile(levels, _FLOOR_PERCENTILE)) + _ABOVE_FLOOR_DB
    # Without a pause the floor is speech, so only what is far below the peak counts as noise.
    noise = min(floor, peak - _BELOW_PEAK_DB_MIN)
    return levels > max(QUIET_DBFS, peak - QUIET_BELOW_PEAK_DB, noise)


def trailing_quiet_ms(samples: Samples) -> int:
    """Return how long the end of the audio has been quiet, beside its loudest moment."""
    loud = loud_frames(samples)
    return int(loud[::-1].argmax() if loud.any() else loud.size) * FRAME_MS


def without_pauses(loud: NDArray[np.bool_], start_ms: int, end_ms: int) -> tuple[int, int]:
    """Narrow a span to its loud frames; a span without any stays as it is.

    `loud` is from `loud_frames`, the positions count from its beginning.
    """
    frames = np.flatnonzero(loud[start_ms // FRAME_MS : end_ms // FRAME_MS])
    if not frames.size:
        return start_ms, end_ms
    first_ms = start_ms // FRAME_MS * FRAME_MS
    return first_ms + int(frames[0]) * FRAME_MS, first_ms + (int(frames[-1]) + 1) * FRAME_MS


def quietest(samples: Samples, from_ms: int, to_ms: int, span_ms: int = 100) -> tuple[int, float]:
    """Return the middle of the quietest `span_ms` between two positions, and its level in dBFS.

    A good place to cut. Positions count from the beginning of `samples`. A range shorter than the
    span has one candidate, its middle.
    """
    first = max(0, from_ms) // FRAME_MS
    levels = frame_levels(samples[first * FRAME_SAMPLES : to_ms // FRAME_MS * FRAME_SAMPLES])
    span = min(span_ms // FRAME_MS, levels.size)
    if not span:
        return (from_ms + to_ms) // 2, FLOOR_DBFS
    means = np.convolve(levels, np.ones(span, np.float32) / span, mode="valid")
    best = int(means.argmin())
    return (2 * (first + best) + span) * FRAME_MS // 2, float(means[best])
