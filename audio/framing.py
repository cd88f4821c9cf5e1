"""Audio of any length to frames of one length, so that everything later can count in frames."""

import numpy as np

from audio import FRAME_SAMPLES, Samples


class Framer:
    """Cuts a stream into whole frames and keeps what does not fill one yet."""

    def __init__(self, frame_samples: int = FRAME_SAMPLES) -> None:
        self.frame_samples = frame_samples
        self._rest: Samples = np.empty(0, dtype=np.int16)

    @property
    def pending(self) -> int:
        """Samples held back until their frame is full: less than `frame_samples`."""
        return len(self._rest)

    def feed(self, samples: Samples) -> list[Samples]:
        """Return the frames that `samples` completes, each of shape (frame_samples,)."""
        if len(self._rest):
            samples = np.concatenate((self._rest, samples))
        whole = len(samples) - len(samples) % self.frame_samples
        self._rest = samples[whole:].copy()
        return [
            samples[start : start + self.frame_samples]
            for start in range(0, whole, self.frame_samples)
        ]
