"""Which phonemes speak which word.

Piper knows how long each phoneme lasts, but not where a word of the text lies among them:
espeak-ng runs words together ("of the"), and reads one number as many words. So each word is
also turned into phonemes by itself, and the two sequences are aligned.
"""

import itertools
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher

Phonemes = Sequence[str]

SPACE = " "
_PAD, _BEGIN = "_", "^"
"""Piper puts the first after each phoneme and the second before a sentence."""


def first_phonemes(
    sentences: Sequence[Phonemes], words: Sequence[Phonemes]
) -> list[dict[int, int]]:
    """Return, for each sentence, the index of the phoneme with which each of its words begins.

    The keys are indices into `words`, in order. A word that left no phoneme of its own is
    missing. Cost grows with the product of the lengths: give it a clause, not a book.
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
    alone = [(phoneme, word) for word, said in enumerate(words) for phoneme in (*said, SPACE)]
    matcher = SequenceMatcher(None, [phoneme for phoneme, _ in alone], spoken, autojunk=False)
    owners: list[int | None] = []
    for _, alone_from, alone_to, spoken_from, spoken_to in matcher.get_opcodes():
        for index in range(spoken_to - spoken_from):
            if alone_to > alone_from:
                share = index * (alone_to - alone_from) // (spoken_to - spoken_from)
                owners.append(alone[alone_from + share][1])
            else:
                owners.append(owners[-1] if owners else None)
    return owners


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
