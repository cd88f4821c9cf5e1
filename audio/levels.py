"""How loud: levels for the meter on the page and for telling a voice from the room.

Decibels relative to full scale (dBFS): a square wave as large as int16 allows is 0, a sine wave
of that size -3. Whatever is quieter than -96, the step of 16 bits, counts as -96.
"""

import math

import numpy as np

from audio import Samples

FLOOR_DBFS = -96.0

_FULL_SCALE = 32768.0


def rms_dbfs(samples: Samples) -> float:
    """Root mean square level, in dBFS. Of nothing: the floor."""
    if not len(samples):
        return FLOOR_DBFS
    signal = samples.astype(np.float32)
    return _dbfs(math.sqrt(float(np.dot(signal, signal)) / len(samples)))


def peak_dbfs(samples: Samples) -> float:
    """Level of the largest sample, in dBFS. Of nothing: the floor."""
    if not len(samples):
        return FLOOR_DBFS
    return _dbfs(max(int(samples.max()), -int(samples.min())))


def _dbfs(amplitude: float) -> float:
    if amplitude <= 0:
        return FLOOR_DBFS
    return max(FLOOR_DBFS, 20 * math.log10(amplitude / _FULL_SCALE))


class NoiseFloor:
    """The level of the room when nobody speaks: quick to believe a lull, slow to believe a noise.

    A first-order filter with two time constants. Speech is loud for less than `rise_ms` at a time
    and falls silent between words, so it hardly lifts the floor.
    """

    def __init__(self, rise_ms: float = 5000.0, fall_ms: float = 200.0) -> None:
        self.rise_ms = rise_ms
        """Milliseconds of audio in which the floor covers 63 % of the way to a louder level."""
        self.fall_ms = fall_ms
        """The same, towards a quieter level."""
        self._dbfs: float | None = None

    @property
    def dbfs(self) -> float:
        """The floor so far, in dBFS."""
        return FLOOR_DBFS if self._dbfs is None else self._dbfs

    def update(self, level_dbfs: float, duration_ms: float) -> float:
        """Take in the level of the next `duration_ms` of audio; return the new floor, in dBFS.

        The first level is believed at once.
        """
        if self._dbfs is None:
            self._dbfs = level_dbfs
        time_constant_ms = self.rise_ms if level_dbfs > self._dbfs else self.fall_ms
        share = -math.expm1(-duration_ms / time_constant_ms)
        self._dbfs += share * (level_dbfs - self._dbfs)
        return self._dbfs
