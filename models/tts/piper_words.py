"""Which phonemes speak which word.

Piper knows how long each phoneme lasts, but not where a word of the text lies among them:
espeak-ng runs words together ("of the"), and reads one number as many words. So each word is
also turned into phonemes by itself, and the two sequences are aligned at the least cost
(Needleman and Wunsch 1970).
"""

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Phonemes = Sequence[str]

SPACE = " "
CELLS_MAX = 2_000_000
"""Beyond 1400 phonemes a side, some 12 MB, words are placed by proportion alone."""
_PAD, _BEGIN = "_", "^"
"""Piper puts the first after each phoneme and the second before a sentence."""


def first_phonemes(
    sentences: Sequence[Phonemes], words: Sequence[Phonemes]
) -> list[dict[int, int]]:
    """Return, for each sentence, the index of the phoneme with which each of its words begins.

    The keys are indices into `words`, in order. A word that left no phoneme of its own is
    missing.
    """
    spoken = list(itertools.chain.from_iterable([*sentence, SPACE] for sentence in sentences))
    owners = _owners(spoken, words)
    starts: list[dict[int, int]] = []
    seen: set[int] = set()
    offset = 0
    for sentence in sentences:
        begun: dict[int, int] = {}
        for index, phoneme in enumerate(sentence):
            word = owners[offset + index]
            if phoneme != SPACE and word is not None and word not in seen:
                begun[word] = index
                seen.add(word)
        starts.append(begun)
        offset += len(sentence) + 1
    return starts


def _owners(spoken: Phonemes, words: Sequence[Phonemes]) -> list[int | None]:
    """Return for each spoken phoneme the index of its word."""
    alone = [phoneme for said in words for phoneme in (*said, SPACE)]
    word_of = [word for word, said in enumerate(words) for _ in (*said, SPACE)]
    owners: list[int | None] = []
    for index, (partner, following) in enumerate(_align(spoken, alone)):
        if partner is not None:
            owners.append(word_of[partner])
        elif index and spoken[index - 1] != SPACE:
            owners.append(owners[-1])
        else:
            owners.append(word_of[following] if following < len(word_of) else None)
    return owners


def _align(spoken: Phonemes, alone: Phonemes) -> list[tuple[int | None, int]]:
    """Return for each spoken phoneme its partner, if any, and the first index not yet used."""
    if len(spoken) * len(alone) > CELLS_MAX:
        shares = [index * len(alone) // len(spoken) for index in range(len(spoken))]
        return [(share, share) for share in shares]
    costs, changes = _costs(spoken, alone)
    row, column = len(spoken), len(alone)
    path: list[tuple[int | None, int]] = []
    while row:
        here = costs[row, column]
        if column and here == costs[row - 1, column - 1] + changes[row - 1, column - 1]:
            row, column = row - 1, column - 1
            path.append((column, column))
        elif column and here == costs[row, column - 1] + 1:
            column -= 1
        else:
            row -= 1
            path.append((None, column))
    return path[::-1]


def _costs(spoken: Phonemes, alone: Phonemes) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the least cost of every pair of beginnings, and the cost of pairing each phoneme.

    Leaving one out costs 1, changing it 1, a space for a phoneme as much as leaving out both.
    """
    numbers = {phoneme: n for n, phoneme in enumerate({SPACE: None} | dict.fromkeys(spoken))}
    rows = np.array([numbers[phoneme] for phoneme in spoken], np.int32)[:, np.newaxis]
    columns = np.array([numbers.get(phoneme, -1) for phoneme in alone], np.int32)[np.newaxis]
    changes = (rows != columns).astype(np.int32) + ((rows == 0) ^ (columns == 0))
    steps = np.arange(len(alone) + 1, dtype=np.int32)
    costs = np.empty((len(spoken) + 1, len(alone) + 1), np.int32)
    costs[0] = steps
    for row, change in enumerate(changes, start=1):
        costs[row] = costs[row - 1] + 1
        costs[row, 1:] = np.minimum(costs[row, 1:], costs[row - 1, :-1] + change)
        costs[row] = np.minimum.accumulate(costs[row] - steps) + steps
    return costs, changes


def phoneme_starts(
    sentence: Phonemes, durations: Sequence[int], ids_of: Mapping[str, Sequence[int]]
) -> list[int]:
    """Return the sample at which each phoneme begins.

    `durations` are the samples of each id that the sentence was turned into; `ids_of` is the
    voice's map. A phoneme that the voice does not know has no ids and lasts no time.
    """
    pad = len(ids_of[_PAD])
    lengths = [len(ids_of[phoneme]) + pad if phoneme in ids_of else 0 for phoneme in sentence]
    first_ids = itertools.accumulate(lengths[:-1], initial=len(ids_of[_BEGIN]) + pad)
    id_starts = list(itertools.accumulate(durations, initial=0))
    return [id_starts[first_id] for first_id in first_ids]
