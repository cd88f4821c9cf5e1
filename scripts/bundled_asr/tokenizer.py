"""The vocabulary: byte-level BPE in Whisper's layout.

Order matters to faster-whisper and CTranslate2: text first, then the special tokens from end of
text to no-timestamps without a gap, then one token per 20 ms of the window. There is no empty
token and no language token in use, so CTranslate2 takes the model for English-only Whisper.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

from .features import WINDOW_SECONDS

TEXT_TOKENS = 1500
TIMESTAMP_MS = 20
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
# faster-whisper suppresses the first token of " -", " '" and " ♪". Were that the lone space, words
# that begin with it would be lost; so a space must merge with each of these.
AFTER_SPACE = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'-♪"
LONE_SPACE = "Ġ"


@dataclass(frozen=True, slots=True)
class Ids:
    """The token numbers that have a meaning of their own."""

    end: int
    start: int
    previous: int
    no_speech: int
    no_timestamps: int
    first_timestamp: int

    def timestamp(self, ms: int) -> int:
        """The token of a time in the window."""
        return self.first_timestamp + min(round(ms / TIMESTAMP_MS), last_timestamp())


def last_timestamp() -> int:
    """How many steps of 20 ms the window has."""
    return WINDOW_SECONDS * 1000 // TIMESTAMP_MS


def special_ids(tokenizer: Tokenizer) -> Ids:
    """Look the special tokens up."""
    names = ("endoftext", "startoftranscript", "startofprev", "nospeech", "notimestamps", "0.00")
    return Ids(*(tokenizer.token_to_id(f"<|{name}|>") for name in names))


def build(sentences: Iterable[str], path: Path) -> None:
    """Learn the text tokens from sentences and write `tokenizer.json`.

    Raises RuntimeError when the sentences are too few for the vocabulary.
    """
    lines = [f" {sentence}" for sentence in sentences]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=TEXT_TOKENS, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(chain(lines, space_merges(len(lines) // 4)), trainer)
    if tokenizer.get_vocab_size() != TEXT_TOKENS:
        raise RuntimeError(f"{len(lines)} sentences are too few for {TEXT_TOKENS} text tokens")
    add_special(tokenizer)
    tokenizer.save(str(path))


def space_merges(repeats: int) -> Iterator[str]:
    """Text that makes a space merge with every character a word may begin with."""
    return (f" {letter}" for letter in AFTER_SPACE for _ in range(repeats))


def add_special(tokenizer: Tokenizer) -> None:
    """Append the special tokens and the timestamps."""
    tokenizer.add_special_tokens([AddedToken(name, special=True) for name in SPECIAL])
    steps = range(last_timestamp() + 1)
    names = [f"<|{step * TIMESTAMP_MS / 1000:.2f}|>" for step in steps]
    tokenizer.add_tokens([AddedToken(name, special=False) for name in names])
