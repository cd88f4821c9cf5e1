"""What the sound itself says about speech, before and after a model has its say. Pure.

A voice stands out of the room's noise, comes and goes, and holds on for longer than a click. None
of that makes it speech, but without it there is none: such audio is not worth a decode, and words
found in audio that is only just better are not believed as easily.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_MS, Samples
from audio.levels import FLOOR_DBFS
from models.asr.speech_window import QUIET_DBFS, frame_levels

_FLOOR_PERCENTILE = 10
_PEAK_PERCENTILE = 95
_ABOVE_FLOOR_DB = 6.0
_RANGE_DB_MIN = 5.0
"""Speech rises and falls by 20 dB and more; the level of noise and of a held tone hardly moves."""
_RUN_MS_MIN = 50
_SPEECH_MS_MIN = 100
_WEAK_SPEECH_MS = 250
_WEAK_SNR_DB = 10.0


@dataclass(frozen=True, slots=True)
class Acoustics:
    """How much of a stretch of audio could be a voice, and how well it can be told."""

    speech_ms: int = 0
    """Time in which the level stands out of the noise for at least 50 ms on end."""
    span_ms: int = 0
    """From the beginning of the first such time to the end of the last."""
    snr_db: float = 0.0
    """The louder parts above the noise floor."""

    @property
    def audible(self) -> bool:
        """Whether a model should be asked at all."""
        return self.speech_ms >= _SPEECH_MS_MIN

    @property
    def weak(self) -> bool:
        """Whether there is so little to hear that stock phrases are more likely than words."""
        return self.speech_ms < _WEAK_SPEECH_MS or self.snr_db < _WEAK_SNR_DB


def acoustics(samples: Samples) -> Acoustics:
    """Measure 16 kHz audio of any length. A constant offset counts as silence."""
    levels = frame_levels(samples)
    if not levels.size:
        return Acoustics()
    floor, peak = np.percentile(levels, [_FLOOR_PERCENTILE, _PEAK_PERCENTILE])
    # Where most of the audio is speech, the floor is speech: what is quiet in a room is known.
    floor = max(float(floor), FLOOR_DBFS)
    if peak - floor < _RANGE_DB_MIN:
        return Acoustics()
    runs = _runs(levels > max(QUIET_DBFS, min(floor + _ABOVE_FLOOR_DB, float(peak) - 1)))
    long = runs[runs[:, 1] - runs[:, 0] >= _RUN_MS_MIN // FRAME_MS]
    if not long.size:
        return Acoustics()
    speech_ms = int((long[:, 1] - long[:, 0]).sum()) * FRAME_MS
    span_ms = int(long[-1, 1] - long[0, 0]) * FRAME_MS
    return Acoustics(speech_ms, span_ms, float(peak) - max(floor, QUIET_DBFS))


def _runs(loud: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the first and the end frame of each run of True, shape (n, 2)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(np.int8)))
    return edges.reshape(-1, 2).astype(np.int64)
