"""Cuts a recording into stretches of speech, at the silences between them. Pure.

The rules are those of a conversation (`turn` settings), but there is no hurry: a stretch that grows
too long is cut at its longest pause, not where it happens to be.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from audio import FRAME_MS, Samples
from voice_server.settings import TurnSettings


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech with a little silence around it."""

    start_ms: int
    """Since the recording began."""
    samples: Samples = field(repr=False)
    """16 kHz, shape (n,)."""


class Cutter:
    """Frames of 10 ms in, stretches out."""

    def __init__(self, settings: TurnSettings) -> None:
        self._settings = settings
        self._silence_frames = settings.silence_ms // FRAME_MS
        self._frames_max = settings.utterance_ms_max // FRAME_MS
        self._before: deque[Samples] = deque(maxlen=max(1, settings.pre_roll_ms // FRAME_MS))
        self._frames: list[Samples] = []
        self._voiced: list[bool] = []
        self._position = 0

    def feed(self, frame: Samples, voice: bool) -> Stretch | None:
        """Take in a frame; return the stretch that ends with it, if one does."""
        self._position += 1
        if not self._frames and not voice:
            self._before.append(frame)
            return None
        if not self._frames:
            self._frames = [*self._before]
            self._voiced = [False] * len(self._before)
            self._before.clear()
        self._frames.append(frame)
        self._voiced.append(voice)
        if not any(self._voiced[-self._silence_frames :]):
            return self._cut(len(self._frames))
        if len(self._frames) >= self._frames_max:
            return self._cut(self._longest_pause())
        return None

    def flush(self) -> Stretch | None:
        """End of the recording: return what is left."""
        return self._cut(len(self._frames)) if self._frames else None

    def _cut(self, frames: int) -> Stretch | None:
        """Return the first frames, and go on with the others as if they had just come."""
        start_ms = (self._position - len(self._frames)) * FRAME_MS
        taken, voiced = self._frames[:frames], self._voiced[:frames]
        self._frames, self._voiced = self._frames[frames:], self._voiced[frames:]
        if not any(self._voiced):
            self._before.extend(self._frames)
            self._frames, self._voiced = [], []
        if sum(voiced) * FRAME_MS < self._settings.speech_ms_min:
            return None
        return Stretch(start_ms, np.concatenate(taken))

    def _longest_pause(self) -> int:
        """The middle of the longest pause in the second half; without one, the end."""
        best, best_length, length = len(self._frames), 0, 0
        for index in range(len(self._frames) // 2, len(self._frames)):
            length = 0 if self._voiced[index] else length + 1
            if length > best_length:
                best, best_length = index - length // 2 + 1, length
        return best
