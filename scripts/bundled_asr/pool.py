"""The pool: every training sentence, spoken once and kept on disk as mel power.

A shard is three files: `N.npy`, the log10 mel power of all its utterances end to end (float16,
frames × 80, read through a memory map), `N.labels.npy`, the phoneme heard in each frame, and
`N.json`, the lengths, the words with their times, and the names of the phonemes.
"""

import json
import os
import random
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from . import features, sentences
from .speech import Espeak, Span, Utterance, pick_voice

SILENCE = 0
SENTENCES_PER_VOICE = 4
UTTERANCES_PER_SHARD = 4000


@dataclass(frozen=True, slots=True)
class Word:
    """A word as tokens, with and without its punctuation, and when it is spoken."""

    tokens: list[int]
    bare: list[int]
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Clip:
    """Where one utterance lies in the pool, and its words."""

    shard: int
    first: int
    frames: int
    words: list[Word]


def record(folder: Path, utterances: int, seed: int) -> None:
    """Speak this many sentences into `folder`, on all cores, in shards with seeds of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    sizes = [UTTERANCES_PER_SHARD] * (utterances // UTTERANCES_PER_SHARD)
    sizes += [utterances % UTTERANCES_PER_SHARD] if utterances % UTTERANCES_PER_SHARD else []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as workers:
        jobs = [
            workers.submit(record_shard, folder / f"{number:03}", size, seed + number)
            for number, size in enumerate(sizes)
        ]
        for number, job in enumerate(jobs, start=1):
            print(f"  shard {number} of {len(jobs)}: {job.result() / 3600:.2f} h", flush=True)


def record_shard(path: Path, utterances: int, seed: int) -> float:
    """Speak one shard; return its length in seconds."""
    names = ["_"]
    powers, labels, rows = [], [], []
    for spoken in islice(speak(seed), utterances):
        power = features.mel_power(spoken.audio).T
        powers.append(np.log10(np.maximum(power, features.POWER_MIN)).astype(np.float16))
        labels.append(phoneme_labels(spoken.phonemes, len(power), names))
        words = [(word.name, word.start_ms, word.end_ms) for word in spoken.words]
        rows.append({"frames": len(power), "words": words})
    np.save(path.with_suffix(".npy"), np.concatenate(powers))
    np.save(path.with_suffix(".labels.npy"), np.concatenate(labels))
    path.with_suffix(".json").write_text(json.dumps({"phonemes": names, "utterances": rows}))
    return sum(map(len, powers)) * features.FRAME_MS / 1000


def speak(seed: int) -> Iterator[Utterance]:
    """Training sentences in changing voices, as long as they fit the window."""
    espeak, rng = Espeak(), random.Random(seed)
    for number, text in enumerate(sentences.training(seed)):
        if number % SENTENCES_PER_VOICE == 0:
            espeak.use(*pick_voice(rng))
        spoken = espeak.say(text)
        if 10 <= len(spoken.audio) // features.EXTRACTOR.hop_length < features.FRAMES_MAX - 20:
            yield spoken


def phoneme_labels(phonemes: list[Span], frames: int, names: list[str]) -> NDArray[np.uint8]:
    """The number of the phoneme in each frame; unknown names are appended to `names`."""
    labels = np.full(frames, SILENCE, np.uint8)
    for phoneme in phonemes:
        if phoneme.name not in names:
            names.append(phoneme.name)
        first, end = phoneme.start_ms // features.FRAME_MS, phoneme.end_ms // features.FRAME_MS
        labels[first:end] = names.index(phoneme.name)
    return labels


class Pool:
    """The recorded shards, ready to cut windows from."""

    def __init__(self, folder: Path, tokenizer: Tokenizer) -> None:
        self._power: list[NDArray[np.float16]] = []
        self._labels: list[NDArray[np.uint8]] = []
        self.phonemes = ["_"]
        self.clips: list[Clip] = []
        spell = Speller(tokenizer)
        for path in sorted(folder.glob("*.json")):
            self._load(path, spell)
        self.clips.sort(key=lambda clip: clip.frames)
        self._lengths = [clip.frames for clip in self.clips]

    def _load(self, path: Path, spell: "Speller") -> None:
        about = json.loads(path.read_text())
        new = [name for name in about["phonemes"] if name not in self.phonemes]
        self.phonemes += new
        renumbered = np.array([self.phonemes.index(n) for n in about["phonemes"]], np.uint8)
        self._power.append(np.load(path.with_suffix(".npy"), mmap_mode="r"))
        self._labels.append(renumbered[np.load(path.with_suffix(".labels.npy"))])
        first = 0
        for row in about["utterances"]:
            words = [spell.word(*word) for word in row["words"]]
            self.clips.append(Clip(len(self._power) - 1, first, row["frames"], words))
            first += row["frames"]

    def power(self, clip: Clip) -> NDArray[np.float32]:
        """Mel power of a clip, shape (frames, 80)."""
        log = self._power[clip.shard][clip.first : clip.first + clip.frames]
        return 10.0 ** log.astype(np.float32)

    def labels(self, clip: Clip) -> NDArray[np.uint8]:
        """The phoneme in each frame of a clip."""
        return self._labels[clip.shard][clip.first : clip.first + clip.frames]

    def pick(self, rng: np.random.Generator, frames_min: int, frames_max: int) -> Clip:
        """A random clip between two lengths, or one of the nearest where there is none."""
        low, high = np.searchsorted(self._lengths, (frames_min, frames_max + 1))
        low = min(low, max(0, high - 1))
        return self.clips[int(rng.integers(low, max(low + 1, high)))]


class Speller:
    """Words to tokens, each word once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}

    def word(self, text: str, start_ms: int, end_ms: int) -> Word:
        """A spoken word with its tokens."""
        return Word(self._tokens(text), self._tokens(text.rstrip(".,?!")), start_ms, end_ms)

    def _tokens(self, text: str) -> list[int]:
        if text not in self._known:
            self._known[text] = self._tokenizer.encode(f" {text}").ids
        return self._known[text]
