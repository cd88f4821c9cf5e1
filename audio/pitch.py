"""The melody of a voice: has it come down to its end, or does it stay up because more will come?

Speakers of very many languages let their pitch fall until the last syllable when they have stated
something; when they only pause, it stays level, or falls and rises again. Listeners use that to
tell whose turn it is (Gravano and Hirschberg 2011). The pitch is the strongest period of 2.4 to
15 ms, by normalised autocorrelation as in Boersma (1993). It is measured against the speaker's own
median, in semitones, so that it means the same for every voice.
"""

import math
from collections import deque
from statistics import median

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_MS, SAMPLE_RATE, Samples

WINDOW_MS = 40
"""Two periods of the lowest voice, and a little."""
HERTZ_MIN, HERTZ_MAX = 65, 420
PERIODICITY_MIN = 0.55
"""Share of the energy that repeats itself; below it, a sound has no pitch."""
FALL_SEMITONES = 2.0
"""An end so far below the speaker's median is low"""
DROP_SEMITONES = 4.0
"""and one so far below the last peak, too: a single word has its median in its own fall."""
RISE_SEMITONES = 0.8
"""An end that has come up again so far from the lowest point goes on."""
LEAP_SEMITONES = 9.0
"""So far from the median is an octave error."""

HOP_MS = 20
"""One estimate in so much voice."""
END_MS = 60
"""The end of the voice: its median pitch is the pitch it ends on."""
LOW_MS = 300
"""Where the lowest point is looked for."""
PEAK_MS = 400
"""Where the last peak is looked for."""
KNOWN_MS_MIN = 120
"""Voiced sound needed to say anything."""
LEVEL_MS_MIN = 400
"""Voiced sound needed to say that a pitch has stayed level: a single short word hardly moves."""
MEMORY_MS = 4000
"""Voiced sound, of earlier turns as well, that the median is taken of."""

_WINDOW = SAMPLE_RATE * WINDOW_MS // 1000
_FFT = 2048
_SHORTEST, _LONGEST = SAMPLE_RATE // HERTZ_MAX, SAMPLE_RATE // HERTZ_MIN
_NEARLY = 0.85
"""A peak nearly as high at a shorter period is the period; the highest is its multiple."""

Floats = NDArray[np.float64]


def _autocorrelation(signal: Floats) -> Floats:
    """Normalised to 1 at lag 0; shape (_WINDOW,)."""
    power = np.abs(np.fft.rfft(signal, _FFT)) ** 2
    products = np.fft.irfft(power)[:_WINDOW]
    return np.asarray(products / products[0])


_HANN = np.hanning(_WINDOW)
_OF_WINDOW = _autocorrelation(_HANN)[_SHORTEST:_LONGEST]


def pitch_hz(window: Samples) -> float | None:
    """The pitch of 40 ms, shape (640,) at 16 kHz; None if it has none."""
    signal = window.astype(np.float64)
    signal -= signal.mean()
    if not signal.any():
        return None
    periodicity = _autocorrelation(signal * _HANN)[_SHORTEST:_LONGEST] / _OF_WINDOW
    highest = float(periodicity.max())
    if highest < PERIODICITY_MIN:
        return None
    inner = periodicity[1:-1]
    peaks = (inner >= periodicity[:-2]) & (inner >= periodicity[2:]) & (inner >= _NEARLY * highest)
    lags = np.flatnonzero(peaks)
    lag = int(lags[0]) + 1 if len(lags) else int(periodicity.argmax())
    return SAMPLE_RATE / (_SHORTEST + lag)


class Melody:
    """Follows the pitch of one speaker, frame by frame."""

    def __init__(self) -> None:
        self._frames: deque[Samples] = deque(maxlen=WINDOW_MS // FRAME_MS)
        self._memory: deque[float] = deque(maxlen=MEMORY_MS // HOP_MS)
        self._utterance: deque[float] = deque(maxlen=MEMORY_MS // HOP_MS)
        self._waited_ms = 0

    def restart(self) -> None:
        """A new utterance begins; the speaker is the same."""
        self._frames.clear()
        self._utterance.clear()

    def feed(self, frame: Samples) -> None:
        """Take in a frame that is voice, shape (160,) at 16 kHz. About 15 µs on average."""
        self._frames.append(frame)
        self._waited_ms += FRAME_MS
        if self._waited_ms < HOP_MS or len(self._frames) * FRAME_MS < WINDOW_MS:
            return
        self._waited_ms = 0
        if hertz := pitch_hz(np.concatenate(self._frames)):
            semitones = 12 * math.log2(hertz)
            self._memory.append(semitones)
            self._utterance.append(semitones)

    @property
    def falls(self) -> bool | None:
        """Whether the voice has come down to its end; None if that cannot be told."""
        if not self._utterance:
            return None
        middle = median(self._memory)
        contour = [pitch for pitch in self._utterance if abs(pitch - middle) <= LEAP_SEMITONES]
        if len(contour) * HOP_MS < KNOWN_MS_MIN:
            return None
        end = median(contour[-END_MS // HOP_MS :])
        smooth = [median(three) for three in zip(contour, contour[1:], contour[2:], strict=False)]
        if end - min(smooth[-LOW_MS // HOP_MS :]) > RISE_SEMITONES:
            return False
        drop = max(smooth[-PEAK_MS // HOP_MS :]) - end
        if middle - end >= FALL_SEMITONES or drop >= DROP_SEMITONES:
            return True
        return False if len(self._memory) * HOP_MS >= LEVEL_MS_MIN else None
