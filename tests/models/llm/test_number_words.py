"""Number words: what is said can be heard again."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.number_words import decimal_words, ordinal_words, read_number, to_words

pytestmark = pytest.mark.pure

_words = st.sampled_from(("a", "and", "point", "hundred", "thousand", "zero", "two", "ten", "x"))


@settings(deadline=None)
@given(st.integers(0, 10**15 - 1))
def test_every_number_is_heard_as_it_was_said(number: int) -> None:
    words = to_words(number).split()
    assert read_number(words) == (Fraction(number), len(words))


@settings(deadline=None)
@given(st.integers(0, 10**12))
def test_decimals_are_heard_as_they_were_said(hundredths: int) -> None:
    words = decimal_words(Fraction(hundredths, 100)).split()
    assert read_number(words) == (Fraction(hundredths, 100), len(words))


@settings(deadline=None)
@given(st.lists(_words))
def test_any_words_are_a_number_or_none(words: list[str]) -> None:
    found = read_number(words)
    if found is not None:
        assert found[0] >= 0
        assert 1 <= found[1] <= len(words)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (-7, "minus seven"),
        (21, "twenty one"),
        (382, "three hundred and eighty two"),
        (1_898, "one thousand eight hundred and ninety eight"),
        (2_000_001, "two million and one"),
        (10**40, "a number of forty one digits"),
    ],
)
def test_whole_numbers(number: int, words: str) -> None:
    assert to_words(number) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (Fraction(5, 2), "two point five"),
        (Fraction(1, 3), "zero point three three"),
        (Fraction(-1, 3), "minus zero point three three"),
        (Fraction(-1, 1000), "zero"),
        (Fraction(10), "ten"),
        (Fraction(201, 200), "one"),
        (Fraction(101, 100), "one point zero one"),
    ],
)
def test_decimals(number: Fraction, words: str) -> None:
    assert decimal_words(number) == words


@pytest.mark.parametrize(
    ("text", "number", "used"),
    [
        ("a hundred and one dalmatians", 101, 3 + 1),
        ("two hundred and fifty thousand", 250_000, 5),
        ("twenty twenty", 20, 1),
        ("one two three", 1, 1),
        ("five and me", 5, 1),
        ("1,250 things", 1250, 1),
        ("3.5", Fraction(7, 2), 1),
        ("two point", 2, 1),
        ("two point one four x", Fraction(214, 100), 4),
        ("one thousand thousand", 1000, 2),
    ],
)
def test_the_longest_number_is_taken(text: str, number: Fraction, used: int) -> None:
    assert read_number(text.split()) == (number, used)


@pytest.mark.parametrize("text", ["", "hundred", "a cat", "and two", "1.2.3"])
def test_what_is_no_number(text: str) -> None:
    assert read_number(text.split()) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "first"),
        (3, "third"),
        (4, "fourth"),
        (12, "twelfth"),
        (20, "twentieth"),
        (22, "twenty second"),
        (31, "thirty first"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(number: int, words: str) -> None:
    assert ordinal_words(number) == words
