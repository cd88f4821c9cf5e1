"""How a voice ends: speakers lower their voice when they have finished.

Only loudness is used: it costs nothing, and in noise it is still there when pitch is not.
"""

from collections import deque

from audio import FRAME_MS, Samples
from audio.levels import rms_dbfs

TAIL_MS = 200
"""The end of the voice that is compared with all of it."""


class VoiceFall:
    """Follows the loudness of one utterance, frame by frame."""

    def __init__(self) -> None:
        self._tail: deque[float] = deque(maxlen=TAIL_MS // FRAME_MS)
        self._sum = 0.0
        self._count = 0

    def restart(self) -> None:
        """A new utterance begins."""
        self._tail.clear()
        self._sum = 0.0
        self._count = 0

    def feed(self, frame: Samples) -> None:
        """Take in a frame that is voice, shape (160,)."""
        level = rms_dbfs(frame)
        self._tail.append(level)
        self._sum += level
        self._count += 1

    @property
    def fall_db(self) -> float:
        """How far the last 200 ms of voice are below the utterance's mean, in dB; 0 if unknown."""
        if self._count <= len(self._tail):
            return 0.0
        return self._sum / self._count - sum(self._tail) / len(self._tail)
