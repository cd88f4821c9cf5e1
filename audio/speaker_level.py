"""How loud this speaker is, and so what is too quiet to be the speaker.

A voice detector says that *somebody* speaks, and says so for a while after. Loudness tells more.
Whoever speaks into a microphone is far louder there than a television behind them: what stays
12 dB below the speaker's level is somebody else. And when a voice ends, its level falls within a
few hundredths of a second, long before a detector is sure: what has fallen by 24 dB, or into the
noise of the room, has ended or pauses.

The level is learned from voice alone. It rises quickly and falls slowly, so that a syllable in
between is not missed, and somebody who moves away from the microphone is heard again soon.
"""

import math
from collections import deque

from audio import FRAME_MS, Samples
from audio.levels import FLOOR_DBFS, NoiseFloor, rms_dbfs

FAR_DB = 10.0
"""A voice that stays so far below the speaker's is somebody else's."""
FAR_MS = 250
"""Both are levels of so much sound: syllables differ, too."""
NEAR_DB = 5.0
"""One frame so near to the speaker's level is the speaker's, who begins to speak again."""
FADED_DB = 24.0
"""A level that has fallen so far is a silence."""
FADED_MS = 40
"""For so long: the closure of a consonant is shorter, or nearly."""
ROOM_DB = 3.0
"""Nor is a level that is no more than this above the room's."""
ROOM_BELOW_DB = 9.0
"""If the room is so far below the speaker; else it hides the ends of words."""
FALL_DB_PER_S = 0.5
"""Per second of voice."""


class SpeakerLevel:
    """One microphone's speaker. Feed it every frame."""

    def __init__(self) -> None:
        self._dbfs = FLOOR_DBFS
        self._room = NoiseFloor()
        self._levels: deque[float] = deque(maxlen=FAR_MS // FRAME_MS)

    @property
    def dbfs(self) -> float:
        """The speaker's level where it is loud, in dBFS; the floor while unknown."""
        return self._dbfs

    def hears(self, frame: Samples, voice: bool) -> bool:
        """Whether this frame, shape (160,), in which there is `voice`, is the speaker's."""
        level = rms_dbfs(frame)
        self._levels.append(level)
        if not voice:
            self._room.update(level, FRAME_MS)
            return False
        around = self._around()
        self._dbfs = max(around, self._dbfs - FALL_DB_PER_S * FRAME_MS / 1000)
        if level >= self._dbfs - NEAR_DB:
            return True
        return around >= self._dbfs - FAR_DB and not self._has_faded()

    def _around(self) -> float:
        """The mean power of the last quarter of a second, in dBFS."""
        powers = [10 ** (level / 10) for level in self._levels]
        return 10 * math.log10(sum(powers) / len(powers))

    def _has_faded(self) -> bool:
        latest = max(list(self._levels)[-FADED_MS // FRAME_MS :])
        if latest < self._dbfs - FADED_DB:
            return True
        room = self._room.dbfs
        return room < self._dbfs - ROOM_BELOW_DB and latest < room + ROOM_DB
