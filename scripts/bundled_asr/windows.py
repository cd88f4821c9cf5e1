"""What a training window is: a few sentences with silence around them, perhaps cut off.

Real windows end where the audio ends: in the middle of a word while somebody speaks, in silence
when they have finished. So a third of the windows are cut, and the words asked for are those that
were spoken to their end. One window in twenty holds no speech at all.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .features import FRAME_MS, FRAMES_MAX, MELS
from .pool import SILENCE, Clip, Pool, Word

SPEECHLESS_SHARE = 0.05
CUT_SHARE = 0.3
MORE_SHARE = 0.75
FRAMES_MIN = 20
SENTENCE_FRAMES_MIN = 90
END_TOLERANCE_MS = 30
LENGTHS = ((40, 160, 0.10), (100, 300, 0.25), (150, 450, 0.25), (200, 600, 0.20), (400, 1000, 0.20))


@dataclass(frozen=True, slots=True)
class Heard:
    """A word spoken to its end, and when in the window."""

    tokens: list[int]
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Window:
    """Mel power (frames × 80), the phoneme in each frame, and the words of each sentence."""

    power: NDArray[np.float32]
    phonemes: NDArray[np.uint8]
    sentences: list[list[Heard]]

    @property
    def is_speech(self) -> bool:
        """Whether anybody speaks in it, be it less than a word."""
        return bool((self.phonemes != SILENCE).any())


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip and the frame of the window at which it begins."""

    clip: Clip
    first: int

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.first + self.clip.frames


def pick_frames(rng: np.random.Generator) -> int:
    """The length that the windows of one batch aim at."""
    low, high, _ = LENGTHS[rng.choice(len(LENGTHS), p=[share for _, _, share in LENGTHS])]
    return int(rng.integers(low, high + 1))


def compose(pool: Pool, rng: np.random.Generator, frames: int) -> Window:
    """A window of about `frames` frames of 10 ms."""
    if rng.random() < SPEECHLESS_SHARE:
        return empty(max(frames, FRAMES_MIN))
    clips = list(place(pool, rng, frames))
    end = clips[-1].end + pick_silence(rng, 80)
    if rng.random() < CUT_SHARE:
        end = int(rng.integers(clips[-1].first + 10, end))
    window = empty(min(max(end, FRAMES_MIN), FRAMES_MAX))
    for placed in clips:
        paste(pool, placed, window)
    return window


def empty(frames: int) -> Window:
    """A window in which nothing sounds."""
    return Window(np.zeros((frames, MELS), np.float32), np.full(frames, SILENCE, np.uint8), [])


def place(pool: Pool, rng: np.random.Generator, frames: int) -> Iterator[Placed]:
    """Sentences one after the other, with pauses, while there is room."""
    first = min(pick_silence(rng, 95), max(0, frames - 40))
    shortest = max(0, frames - first - 70) if frames < 600 else 0
    while True:
        clip = pool.pick(rng, shortest, frames - first)
        yield Placed(clip, first)
        first += clip.frames + int(rng.integers(5, 120))
        shortest = 0
        if frames - first < SENTENCE_FRAMES_MIN or rng.random() > MORE_SHARE:
            return


def pick_silence(rng: np.random.Generator, frames_max: int) -> int:
    """Silence before or after: often none, sometimes long."""
    return 0 if rng.random() < 0.35 else int(rng.integers(0, frames_max))


def paste(pool: Pool, placed: Placed, window: Window) -> None:
    """Put one clip into the window, as far as it reaches."""
    frames = min(placed.end, len(window.power)) - placed.first
    if frames <= 0:
        return
    there = slice(placed.first, placed.first + frames)
    window.power[there] = pool.power(placed.clip)[:frames]
    window.phonemes[there] = pool.labels(placed.clip)[:frames]
    limit_ms = len(window.power) * FRAME_MS + END_TOLERANCE_MS
    if sentence := heard(placed.clip.words, placed.first * FRAME_MS, limit_ms):
        window.sentences.append(sentence)


def heard(words: list[Word], offset_ms: int, limit_ms: int) -> list[Heard]:
    """The words that end before the limit; the last keeps no punctuation if more would follow."""
    whole = [word for word in words if offset_ms + word.end_ms <= limit_ms]
    sentence = [Heard(w.tokens, offset_ms + w.start_ms, offset_ms + w.end_ms) for w in whole]
    if sentence and len(whole) < len(words):
        last = sentence[-1]
        sentence[-1] = Heard(whole[-1].bare, last.start_ms, last.end_ms)
    return sentence
