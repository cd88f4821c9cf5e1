"""The last moments before speech was noticed, so that no first syllable is lost."""

from collections import deque

import numpy as np

from audio import SAMPLE_RATE, Samples


class PreRoll:
    """The newest `duration_ms` of 16 kHz audio, and never more."""

    def __init__(self, duration_ms: int = 500) -> None:
        self.duration_ms = duration_ms
        self._samples_max = SAMPLE_RATE * duration_ms // 1000
        self._frames: deque[Samples] = deque()
        self._held = 0

    @property
    def held_ms(self) -> int:
        """Milliseconds that `drain` would return."""
        return min(self._held, self._samples_max) * 1000 // SAMPLE_RATE

    def push(self, frame: Samples) -> None:
        """Append audio of any length; the oldest makes room for it."""
        self._frames.append(frame)
        self._held += len(frame)
        while self._frames and self._held - len(self._frames[0]) >= self._samples_max:
            self._held -= len(self._frames.popleft())

    def drain(self) -> Samples:
        """Return what is held, oldest first, shape (n,), and forget it."""
        if not self._frames:
            return np.empty(0, dtype=np.int16)
        audio = np.concatenate(self._frames)
        self._frames.clear()
        self._held = 0
        return audio[max(0, len(audio) - self._samples_max) :]
