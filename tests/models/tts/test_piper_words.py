"""Finding the words among the phonemes of a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts.piper_words import CELLS_MAX, first_phonemes, phoneme_starts

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("sentences", "words", "expected"),
    [
        (["wʌn tuː"], ["wʌn", "tuː"], [{0: 0, 1: 4}]),
        (["wʌn ʌvðə kæts"], ["wʌn", "ʌv", "ðə", "kæts"], [{0: 0, 1: 4, 2: 6, 3: 9}]),
        (["ɪt fɔːti tuː ɡoʊ"], ["ɪt", "fɔːti tuː", "ɡoʊ"], [{0: 0, 1: 3, 2: 13}]),
        (["ðə kæt"], ["ðiː", "kæt"], [{0: 0, 1: 3}]),
        (["kæt ɐ dɒɡ"], ["kæt", "eɪ", "dɒɡ"], [{0: 0, 1: 4, 2: 6}]),
        (["jɛs.", "noʊ."], ["jɛs.", "noʊ."], [{0: 0}, {1: 0}]),
        (["jɛs", "", "noʊ"], ["jɛs", "", "noʊ"], [{0: 0}, {}, {2: 0}]),
        ([], [], []),
        (["ab"], [], [{}]),
    ],
)
def test_first_phonemes(
    sentences: list[str], words: list[str], expected: list[dict[int, int]]
) -> None:
    found = first_phonemes(sentences, words)
    assert found == expected


phonemes = st.text("abc ", max_size=15)


@given(st.lists(phonemes, max_size=4), st.lists(phonemes, max_size=8))
def test_words_begin_in_order_and_once(sentences: list[str], words: list[str]) -> None:
    found = first_phonemes(sentences, words)
    assert len(found) == len(sentences)
    begun = [word for sentence in found for word in sentence]
    assert begun == sorted(set(begun))
    for sentence, starts in zip(sentences, found, strict=True):
        assert list(starts.values()) == sorted(starts.values())
        assert all(sentence[index] != " " for index in starts.values())


@given(st.lists(st.text("abc", min_size=1, max_size=6), min_size=1, max_size=8))
def test_words_read_as_they_are_alone_are_found_exactly(words: list[str]) -> None:
    (starts,) = first_phonemes([" ".join(words)], words)
    assert starts == {
        index: len(" ".join(words[:index])) + (index > 0) for index in range(len(words))
    }


def test_endless_sentences_are_shared_out_in_proportion() -> None:
    words = ["a"] * 1000
    assert (2 * len(words)) ** 2 > CELLS_MAX
    (starts,) = first_phonemes([" ".join(words)], words)
    assert starts == {word: 2 * word for word in range(1000)}


def test_phoneme_starts() -> None:
    ids_of = {"^": [1], "_": [0], "$": [2], "a": [3], "b": [4, 5]}
    durations = [10, 1, 100, 1, 50, 60, 1, 7]  # ^ _ a _ b b _ $
    assert phoneme_starts("axb", durations, ids_of) == [11, 112, 112]
