"""Is the microphone hearing our own loudspeaker? Told by the rhythm of loudness, band by band.

For clients without echo cancellation. A room changes the sound of a voice, but hardly its rhythm:
the loudness of an echo follows the loudness of what was played some tens of milliseconds before.
So the last second of the microphone is compared with what was played, at every delay up to 400 ms,
by correlation of levels in dB. Once they match, the delay is known, and for each of six bands of
the spectrum how much the way through the room takes away. What is no louder than that prediction
is the echo. A person who speaks over the reply need not be louder than it: two voices are seldom
loud in the same bands at the same moment, so somewhere the prediction fails.
"""

from collections import deque
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audio import FRAME_MS, SAMPLE_RATE, Samples

WINDOW_FRAMES = 1000 // FRAME_MS
"""Microphone that is compared."""
DELAY_FRAMES_MAX = 400 // FRAME_MS
"""Loudspeaker to microphone, network and buffers included."""
PLAYED_FRAMES = WINDOW_FRAMES + DELAY_FRAMES_MAX
CORRELATION_MIN = 0.7
MARGIN_DB = 4.0
"""A frame that is louder as a whole than the expected echo by this is no echo,"""
BAND_MARGIN_DB = 8.0
"""nor is one that is louder by this in some of its bands:"""
BANDS_MIN = 2
"""so many."""
LOCK_FRAMES = 3000 // FRAME_MS
"""How long delay and loss are believed without a new match."""
QUIET_DBFS = -60.0
"""Below this, levels are noise and count as equal."""
BAND_EDGES_HZ = (200, 500, 900, 1500, 2300, 3400, 5500)
"""Of equal weight for speech, roughly; a telephone has all but the last."""

_REVERBERATION_FRAMES = 12
_COMPARE_EVERY = 3
_EDGES = tuple(hertz * FRAME_MS // 1000 for hertz in BAND_EDGES_HZ)
_COLUMNS = len(BAND_EDGES_HZ)

Levels = NDArray[np.float32]
"""Loudness per frame of 10 ms in dBFS: the whole, then each band; shape (n, 7)."""


def levels_of(frames: Samples) -> Levels:
    """Levels of whole frames, shape (n, samples of 10 ms) at any rate."""
    signal = frames.astype(np.float32) / 32768
    length = signal.shape[1]
    power = np.empty((len(signal), _COLUMNS), dtype=np.float32)
    power[:, 0] = (signal**2).mean(axis=1)
    spectrum = np.abs(np.fft.rfft(signal)) ** 2 * (2 / length**2)
    for band, (low, high) in enumerate(pairwise(_EDGES), start=1):
        power[:, band] = spectrum[:, low:high].sum(axis=1)
    quietest = 10 ** (QUIET_DBFS / 10)
    return np.asarray(10 * np.log10(np.maximum(power, quietest)), dtype=np.float32)


class LevelTrack:
    """The loudness of a stream, frame by frame, for looking up by position."""

    def __init__(self, rate: int) -> None:
        self._frame_samples = rate * FRAME_MS // 1000
        self._rest: Samples = np.empty(0, dtype=np.int16)
        self._levels: list[Levels] = []
        """One row per frame."""

    def add(self, samples: Samples) -> None:
        """Append audio of any length, at the stream's rate."""
        samples = np.concatenate((self._rest, samples))
        whole = len(samples) // self._frame_samples * self._frame_samples
        self._levels += list(levels_of(samples[:whole].reshape(-1, self._frame_samples)))
        self._rest = samples[whole:]

    def before(self, position: int, frames: int = PLAYED_FRAMES) -> Levels:
        """The levels of the `frames` frames that end at sample `position`; silence before 0."""
        end = min(position // self._frame_samples, len(self._levels))
        known = self._levels[max(0, end - frames) : end]
        levels = np.full((frames, _COLUMNS), QUIET_DBFS, dtype=np.float32)
        if known:
            levels[-len(known) :] = known
        return levels


class EchoEar:
    """One microphone, and what is known about the way from the loudspeaker to it."""

    def __init__(self) -> None:
        quiet = np.full(_COLUMNS, QUIET_DBFS, dtype=np.float32)
        self._levels: deque[Levels] = deque([quiet] * WINDOW_FRAMES, maxlen=WINDOW_FRAMES)
        self._frames = 0
        self._locked_at = -LOCK_FRAMES
        self._delay = 0
        """Frames."""
        self._gain_db: Levels = np.zeros(_COLUMNS, dtype=np.float32)

    def feed(self, frame: Samples) -> None:
        """Take in one frame, shape (160,) at 16 kHz."""
        self._levels.append(levels_of(frame.reshape(1, SAMPLE_RATE * FRAME_MS // 1000))[0])
        self._frames += 1

    def hears(self, played: Levels) -> bool:
        """Whether the newest frame is an echo of `played`, shape (PLAYED_FRAMES, 7), newest last.

        About 80 µs on average, with the look-up of what was played.
        """
        if self._frames % _COMPARE_EVERY == 0:
            self._compare(played)
        if self._frames - self._locked_at >= LOCK_FRAMES:
            return False
        end = len(played) - self._delay
        recent = played[max(0, end - _REVERBERATION_FRAMES) : end + 2].max(axis=0)
        expected = np.maximum(recent + self._gain_db, QUIET_DBFS)
        excess = self._levels[-1] - expected
        bands = int((excess[1:] > BAND_MARGIN_DB).sum())
        return bool(excess[0] <= MARGIN_DB) and bands < BANDS_MIN

    def _compare(self, played: Levels) -> None:
        heard = np.array(self._levels, dtype=np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(played[:, 0], WINDOW_FRAMES)
        match = _correlation(rows, heard[:, 0])
        best = int(match.argmax())
        if match[best] < CORRELATION_MIN:
            return
        self._locked_at = self._frames
        self._delay = len(rows) - 1 - best
        source = played[best : best + WINDOW_FRAMES]
        loud = source > QUIET_DBFS
        difference = np.where(loud, heard - source, 0).sum(axis=0)
        self._gain_db = np.asarray(difference / np.maximum(loud.sum(axis=0), 1))


def _correlation(rows: NDArray[np.float32], row: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pearson's correlation of each of `rows` with `row`; 0 where one of them is constant."""
    left = rows - rows.mean(axis=1, keepdims=True)
    right = row - row.mean()
    scale = np.sqrt((left**2).sum(axis=1) * (right**2).sum())
    return np.where(scale > 0, left @ right / np.maximum(scale, 1e-6), 0.0).astype(np.float32)
