"""Streaming sample-rate conversion, free of clicks and as late as it must be, never later.

libsoxr's usual engine filters in blocks. Fed 10 ms at a time it holds back up to 40 ms from 48 to
16 kHz and 118 ms between 8 and 16 kHz, in bursts. Its variable-rate engine runs at a fixed ratio
just as well, filters as steeply, and holds back a constant few milliseconds (measured, fed 10 ms
at a time):

    48000 → 16000  12.5 ms      8000 → 16000  30 ms      16000 → 48000  15 ms
    44100 → 16000  13.6 ms     16000 →  8000  15 ms      22050 → 24000  11 ms
    24000 → 16000  10.0 ms     24000 →  8000  25 ms      22050 → 48000  11 ms

It works in float32: in int16 libsoxr adds dither, which would make silence noisy.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from audio import Samples

_NOTHING = np.empty(0, dtype=np.float32)


class Resampler:
    """One continuous signal from one rate to another.

    What comes out depends only on the samples that went in, not on how they were cut. Output
    sample k is the signal at time k / to_rate, to within a quarter of a millisecond: the delay
    holds samples back, it does not shift them.
    """

    def __init__(self, from_rate: int, to_rate: int) -> None:
        self.from_rate = from_rate
        self.to_rate = to_rate
        self._stream: soxr.ResampleStream | None = None
        if from_rate != to_rate:
            self._stream = soxr.ResampleStream(from_rate, to_rate, 1, dtype="float32", vr=True)

    def feed(self, samples: Samples) -> Samples:
        """Return what is ready: shape (n,), at `to_rate`, possibly empty."""
        if self._stream is None:
            return samples
        return _to_int16(self._stream.resample_chunk(samples.astype(np.float32)))

    def flush(self) -> Samples:
        """End the signal and return its tail.

        Over all calls n input samples have then made n * to_rate / from_rate output samples, give
        or take one. The next `feed` begins a new signal.
        """
        if self._stream is None:
            return np.empty(0, dtype=np.int16)
        tail = _to_int16(self._stream.resample_chunk(_NOTHING, last=True))
        self._stream.clear()
        return tail


def _to_int16(signal: NDArray[np.float32]) -> Samples:
    return np.clip(np.rint(signal), -32768, 32767).astype(np.int16)
