"""What the bundled recogniser is taught to hear, and what is kept from it."""

import importlib
from itertools import islice
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.pure

SCRIPTS = Path(__file__).parents[2] / "scripts"
COUNT = 5_000


@pytest.fixture(scope="module")
def sentences() -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(SCRIPTS)
        return importlib.import_module("bundled_asr.sentences")


@pytest.fixture(scope="module")
def taught(sentences: ModuleType) -> list[str]:
    return list(islice(sentences.training(seed=1), COUNT))


def _keys(sentences: ModuleType, texts: list[str]) -> set[str]:
    return {" ".join(sentences.normalised(text)) for text in texts}


def test_the_language_is_rich_enough(sentences: ModuleType) -> None:
    words = {word for text in islice(sentences.training(1), 30_000) for word in text.split()}
    assert len(sentences.language().kinds["templates"]) >= 120
    assert len({word.strip(".,?!").lower() for word in words}) >= 1_500


@pytest.mark.parametrize("name", ["golden", "everyday"])
def test_listed_sentences_are_never_taught(
    sentences: ModuleType, taught: list[str], name: str
) -> None:
    assert not _keys(sentences, taught) & _keys(sentences, sentences.listed(name))


def test_evaluated_templates_are_never_taught(sentences: ModuleType, taught: list[str]) -> None:
    asked = sentences.held_out(seed=2, count=100)
    assert len(set(asked)) == 100
    assert not _keys(sentences, taught) & _keys(sentences, asked)


def test_golden_sentences_would_be_taught_if_they_were_not_held_out(sentences: ModuleType) -> None:
    """Else holding them out would prove nothing."""
    drawn = _keys(sentences, list(islice(sentences.generated(1), 30_000)))
    assert drawn & _keys(sentences, sentences.listed("golden"))


def test_the_same_seed_says_the_same(sentences: ModuleType, taught: list[str]) -> None:
    assert list(islice(sentences.training(seed=1), COUNT)) == taught
    assert list(islice(sentences.training(seed=2), COUNT)) != taught


def test_no_slot_is_left_open(taught: list[str]) -> None:
    assert [text for text in taught if "{" in text or "}" in text] == []


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (40, "forty"),
        (99, "ninety nine"),
        (100, "one hundred"),
        (218, "two hundred and eighteen"),
        (9_005, "nine thousand five"),
        (70_000, "seventy thousand"),
    ],
)
def test_numbers_are_spelled(sentences: ModuleType, number: int, words: str) -> None:
    assert sentences.spelled(number) == words


@pytest.mark.parametrize(
    ("word", "form", "inflected"),
    [
        ("box", "plural", "boxes"),
        ("city", "plural", "cities"),
        ("day", "plural", "days"),
        ("mouse", "plural", "mice"),
        ("carry", "past", "carried"),
        ("stop", "past", "stopped"),
        ("take", "past", "took"),
        ("like", "ing", "liking"),
        ("see", "ing", "seeing"),
        ("lie", "ing", "lying"),
        ("watch", "third", "watches"),
        ("go", "third", "goes"),
    ],
)
def test_words_are_inflected(sentences: ModuleType, word: str, form: str, inflected: str) -> None:
    assert sentences.inflected(word, form) == inflected
