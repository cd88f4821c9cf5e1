"""What the decoder should answer, and the batches that the training eats.

Whisper's decoder reads `[previous text] <start> ...` and answers token by token. Some windows are
asked with timestamps around each sentence, the others with `<no timestamps>`; a window without
speech is answered by `<no speech>`. Each answer token knows the stretch of audio that says it, so
that attention can be guided there.
"""

from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from .augment import features_of, make_noises
from .features import FRAMES_MAX, MELS
from .pool import Pool
from .tokenizer import Ids
from .windows import Window, compose, pick_frames

IGNORED = -100
POSITION_MS = 20
TIMESTAMPS_SHARE = 0.4
PREVIOUS_SHARE = 0.06
PREVIOUS_TOKENS_MAX = 40
FULL_WINDOW_SHARE = 0.5

Stretch = tuple[int, int]
NOWHERE: Stretch = (-1, -1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes into the decoder, what should come out, and where that is said (positions)."""

    inputs: list[int]
    outputs: list[int]
    stretches: list[Stretch]


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows of like length as tensors; B windows, T positions of 20 ms, L tokens.

    features: (B, 80, 2T) · phonemes: (B, T) · inputs, outputs: (B, L) · stretches: (B, L, 2).
    `is_full` asks the encoder to see the padding of a full 30-second window behind the audio.
    """

    features: Tensor
    phonemes: Tensor
    inputs: Tensor
    outputs: Tensor
    stretches: Tensor
    is_full: bool


class Batches(Dataset[Batch]):
    """Batch number n of a run: the same for the same seed, whoever computes it."""

    def __init__(self, pool: Pool, ids: Ids, positions: int, seed: int) -> None:
        self._pool, self._ids = pool, ids
        self._noises = make_noises(pool, seed)
        self._positions, self._seed = positions, seed

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self._seed, step))
        frames = pick_frames(rng)
        count = max(8, min(160, 2 * self._positions // max(frames, 80)))
        windows = [compose(self._pool, rng, frames) for _ in range(count)]
        with_timestamps = bool(rng.random() < TIMESTAMPS_SHARE)
        answers = [self._answer(window, with_timestamps, rng) for window in windows]
        sounds = [features_of(window, self._noises, rng) for window in windows]
        is_full = bool(rng.random() < FULL_WINDOW_SHARE)
        return collate(windows, sounds, answers, self._ids.end, is_full)

    def _answer(self, window: Window, timestamps: bool, rng: np.random.Generator) -> Answer:
        answer = answer_to(window, timestamps, self._ids)
        if rng.random() >= PREVIOUS_SHARE:
            return answer
        clip = self._pool.clips[int(rng.integers(len(self._pool.clips)))]
        spoken = chain.from_iterable(word.tokens for word in clip.words)
        previous = [self._ids.previous, *list(spoken)[:PREVIOUS_TOKENS_MAX]]
        return Answer(
            previous + answer.inputs,
            [IGNORED] * len(previous) + answer.outputs,
            [NOWHERE] * len(previous) + answer.stretches,
        )


def answer_to(window: Window, timestamps: bool, ids: Ids) -> Answer:
    """The transcript of a window as decoder input and output."""
    body, stretches = (timed if timestamps else untimed)(window, ids)
    head = [ids.start] if timestamps else [ids.start, ids.no_timestamps]
    inputs = head + body
    outputs = [*inputs[1:], ids.end]
    if not window.is_speech:
        outputs[0] = ids.no_speech
    where = [NOWHERE] * (len(head) - 1) + stretches + [NOWHERE]
    return Answer(inputs, outputs, where)


def untimed(window: Window, ids: Ids) -> tuple[list[int], list[Stretch]]:
    """All words in a row."""
    words = list(chain.from_iterable(window.sentences))
    tokens = [token for word in words for token in word.tokens]
    stretches = [stretch(w.start_ms, w.end_ms) for w in words for _ in w.tokens]
    return tokens, stretches


def timed(window: Window, ids: Ids) -> tuple[list[int], list[Stretch]]:
    """Each sentence between its timestamps; the first alone where there is no word."""
    tokens: list[int] = []
    stretches: list[Stretch] = []
    for sentence in window.sentences:
        tokens.append(ids.timestamp(sentence[0].start_ms))
        stretches.append(NOWHERE)
        for word in sentence:
            tokens += word.tokens
            stretches += [stretch(word.start_ms, word.end_ms)] * len(word.tokens)
        tokens.append(ids.timestamp(sentence[-1].end_ms))
        stretches.append(NOWHERE)
    return (tokens, stretches) if tokens else ([ids.timestamp(0)], [NOWHERE])


def stretch(start_ms: int, end_ms: int) -> Stretch:
    """First position and the one after the last, at least one long."""
    first = start_ms // POSITION_MS
    return first, max(end_ms // POSITION_MS, first + 1)


def collate(
    windows: list[Window], sounds: list[np.ndarray], answers: list[Answer], end: int, is_full: bool
) -> Batch:
    """Pad everything to the longest, the audio to a multiple of 32 frames."""
    longest = max(len(sound) for sound in sounds)
    frames = min(FRAMES_MAX, -(-longest // 32) * 32)
    count, tokens = len(windows), -(-max(len(a.inputs) for a in answers) // 4) * 4
    features = np.zeros((count, MELS, frames), np.float32)
    phonemes = np.full((count, frames // 2), IGNORED, np.int64)
    inputs = np.full((count, tokens), end, np.int64)
    outputs = np.full((count, tokens), IGNORED, np.int64)
    stretches = np.full((count, tokens, 2), -1, np.int64)
    for row, (window, sound, answer) in enumerate(zip(windows, sounds, answers, strict=True)):
        features[row, :, : len(sound)] = sound.T
        heard = window.phonemes[::2][: frames // 2]
        phonemes[row, : len(heard)] = heard
        length = len(answer.inputs)
        inputs[row, :length] = answer.inputs
        outputs[row, :length] = answer.outputs
        stretches[row, :length] = np.minimum(answer.stretches, frames // 2)
    arrays = (features, phonemes, inputs, outputs, stretches)
    return Batch(*map(torch.from_numpy, arrays), is_full)
