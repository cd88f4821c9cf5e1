"""Is the microphone hearing our own loudspeaker? Told by the rhythm of loudness.

For clients without echo cancellation. A room changes the sound of a voice, but hardly its rhythm:
the loudness of an echo follows the loudness of what was played some tens of milliseconds before.
So the last second of the microphone is compared with what was played, at every delay up to 400 ms,
by correlation of levels in dB. Once they match, delay and loss of level are known, and whatever is
no louder than that prediction is the echo; a person who speaks over the reply is louder, and breaks
the rhythm.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_MS, Samples
from audio.levels import rms_dbfs

WINDOW_FRAMES = 1000 // FRAME_MS
"""Microphone that is compared."""
DELAY_FRAMES_MAX = 400 // FRAME_MS
"""Loudspeaker to microphone, network and buffers included."""
PLAYED_FRAMES = WINDOW_FRAMES + DELAY_FRAMES_MAX
CORRELATION_MIN = 0.7
MARGIN_DB = 4.0
"""A voice this much louder than the expected echo is no echo."""
LOCK_FRAMES = 3000 // FRAME_MS
"""How long delay and loss are believed without a new match."""
QUIET_DBFS = -60.0
"""Below this, levels are noise and count as equal."""

_REVERBERATION_FRAMES = 12
_COMPARE_EVERY = 3

Levels = NDArray[np.float32]
"""Loudness per frame of 10 ms in dBFS, shape (n,)."""


class LevelTrack:
    """The loudness of a stream, frame by frame, for looking up by position."""

    def __init__(self, rate: int) -> None:
        self._frame_samples = rate * FRAME_MS // 1000
        self._rest: Samples = np.empty(0, dtype=np.int16)
        self._levels: list[float] = []

    def add(self, samples: Samples) -> None:
        """Append audio of any length, at the stream's rate."""
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) // self._frame_samples
        for frame in samples[: whole * self._frame_samples].reshape(whole, self._frame_samples):
            self._levels.append(max(QUIET_DBFS, rms_dbfs(frame)))
        self._rest = samples[whole * self._frame_samples :]

    def before(self, position: int, frames: int = PLAYED_FRAMES) -> Levels:
        """The levels of the `frames` frames that end at sample `position`; silence before 0."""
        end = min(position // self._frame_samples, len(self._levels))
        known = self._levels[max(0, end - frames) : end]
        return np.array([QUIET_DBFS] * (frames - len(known)) + known, dtype=np.float32)


class EchoEar:
    """One microphone, and what is known about the way from the loudspeaker to it."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque([QUIET_DBFS] * WINDOW_FRAMES, maxlen=WINDOW_FRAMES)
        self._frames = 0
        self._locked_at = -LOCK_FRAMES
        self._delay = 0
        """Frames."""
        self._gain_db = 0.0

    def feed(self, frame: Samples) -> None:
        """Take in one frame, shape (160,) at 16 kHz."""
        self._levels.append(max(QUIET_DBFS, rms_dbfs(frame)))
        self._frames += 1

    def hears(self, played: Levels) -> bool:
        """Whether the newest frame is an echo of `played`, shape (PLAYED_FRAMES,), newest last."""
        if self._frames % _COMPARE_EVERY == 0:
            self._compare(played)
        if self._frames - self._locked_at >= LOCK_FRAMES:
            return False
        end = len(played) - self._delay
        recent = played[max(0, end - _REVERBERATION_FRAMES) : end + 2]
        return self._levels[-1] <= float(recent.max()) + self._gain_db + MARGIN_DB

    def _compare(self, played: Levels) -> None:
        heard = np.array(self._levels, dtype=np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(played, WINDOW_FRAMES)
        match = _correlation(rows, heard)
        best = int(match.argmax())
        if match[best] >= CORRELATION_MIN:
            loud = rows[best] > QUIET_DBFS
            self._locked_at = self._frames
            self._delay = len(rows) - 1 - best
            self._gain_db = float((heard[loud] - rows[best][loud]).mean())


def _correlation(rows: Levels, row: Levels) -> Levels:
    """Pearson's correlation of each of `rows` with `row`; 0 where one of them is constant."""
    left = rows - rows.mean(axis=1, keepdims=True)
    right = row - row.mean()
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum())
    return np.where(scale > 0, left @ right / np.maximum(scale, 1e-6), 0.0).astype(np.float32)
