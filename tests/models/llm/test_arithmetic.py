"""Sums by voice: found in rough transcripts, exact, and said in words."""

import operator
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.arithmetic import Sum, answer, find_sum, work_out
from models.llm.number_words import to_words

pytestmark = pytest.mark.pure

_OPERATORS = {"plus": operator.add, "minus": operator.sub, "times": operator.mul}
_numbers = st.integers(0, 9_999)
_small_sums = st.lists(_numbers, min_size=2, max_size=5).flatmap(
    lambda numbers: st.tuples(
        st.just(numbers),
        st.lists(st.sampled_from("+-*"), min_size=len(numbers) - 1, max_size=len(numbers) - 1),
    )
)


@settings(deadline=None)
@given(_numbers, st.sampled_from(sorted(_OPERATORS)), _numbers)
def test_two_numbers_in_words(left: int, word: str, right: int) -> None:
    wanted = to_words(_OPERATORS[word](left, right))
    reply = answer(f"what is {to_words(left)} {word} {to_words(right)}")
    assert reply == f"{to_words(left)} {word} {to_words(right)} is {wanted}.".capitalize()


@settings(deadline=None)
@given(_small_sums)
def test_times_comes_before_plus_as_in_python(drawn: tuple[list[int], list[str]]) -> None:
    numbers, signs = drawn
    asked = Sum(tuple(map(Fraction, numbers)), tuple(signs))
    written = "".join(f"{number}{sign}" for number, sign in zip(numbers, [*signs, ""], strict=True))
    assert work_out(asked) == eval(written)
    assert find_sum(written) == asked


@settings(deadline=None)
@given(st.text(st.sampled_from("0123456789.,+-*/ xab"), max_size=60))
def test_any_text_has_an_answer_or_none(text: str) -> None:
    reply = answer(text)
    assert reply is None or reply.endswith(".")


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("what is seven times eight", "Seven times eight is fifty six."),
        (
            "sixty seven minus three hundred and eighty two",
            "Sixty seven minus three hundred and eighty two is minus three hundred and fifteen.",
        ),
        ("What's 12 / 5?", "Twelve divided by five is two point four."),
        ("1 divided by 3", "One divided by three is about zero point three three."),
        ("two time to", "Two times two is four."),
        ("3.5 + -2", "Three point five plus minus two is one point five."),
        ("five take away two multiplied by two", "Five minus two times two is one."),
        ("ten divided by zero", "Nothing can be divided by zero."),
    ],
)
def test_sums_as_recognisers_write_them(text: str, reply: str) -> None:
    assert answer(text) == reply


@pytest.mark.parametrize(
    "text", ["", "what time is it", "seven", "seven times", "times eight", "five o'clock", "7 or 8"]
)
def test_what_is_no_sum(text: str) -> None:
    assert answer(text) is None


def test_a_very_long_chain_is_cut() -> None:
    found = find_sum(" plus ".join(["one"] * 1000))
    assert found is not None
    assert len(found.numbers) == 20
