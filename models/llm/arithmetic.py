"""Sums asked by voice: "what is seven times eight" to "Seven times eight is fifty six."

Pure. Finds the first chain of numbers and operations in a sentence, works it out exactly (times
before plus), and says the question and the answer in words. Recognisers are rough, so "time" counts
as "times", and after an operation "to" counts as "two".
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from models.llm.number_words import decimal_words, read_number

_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[a-z]+|[-+*/×÷]")
_OPERATIONS = {
    "+": ("plus", "added to", "add", "+"),
    "-": ("minus", "take away", "less", "-"),
    "*": ("times", "time", "multiplied by", "multiply by", "x", "*", "×"),
    "/": ("divided by", "divide by", "over", "/", "÷"),
}
_PHRASES = sorted(
    ((phrase.split(), sign) for sign, phrases in _OPERATIONS.items() for phrase in phrases),
    key=lambda entry: -len(entry[0]),
)
_SPOKEN = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_SOUNDS_LIKE = {"won": 1, "to": 2, "too": 2, "tree": 3, "for": 4, "ate": 8}
_OPERANDS_MAX = 20
_DIGITS_MAX = 15


@dataclass(frozen=True, slots=True)
class Sum:
    """A chain of numbers with an operation between each two: `len(signs) == len(numbers) - 1`."""

    numbers: tuple[Fraction, ...]
    signs: tuple[str, ...]


def answer(text: str) -> str | None:
    """The spoken answer to the sum in `text`; None if there is none."""
    found = find_sum(text)
    if found is None:
        return None
    result = work_out(found)
    if result is None:
        return "Nothing can be divided by zero."
    question = decimal_words(found.numbers[0])
    for sign, number in zip(found.signs, found.numbers[1:], strict=True):
        question += f" {_SPOKEN[sign]} {decimal_words(number)}"
    exactly = "is" if (result * 100).denominator == 1 else "is about"
    return f"{question.capitalize()} {exactly} {decimal_words(result)}."


def find_sum(text: str) -> Sum | None:
    """The first chain of at least two numbers in `text`, or None."""
    tokens = _TOKEN.findall(text.lower())
    return next(
        (found for start in range(len(tokens)) if (found := _read_sum(tokens[start:]))), None
    )


def work_out(asked: Sum) -> Fraction | None:
    """The exact value, times and divided by first; None for a division by zero."""
    terms = [asked.numbers[0]]
    for sign, number in zip(asked.signs, asked.numbers[1:], strict=True):
        if sign == "/" and number == 0:
            return None
        match sign:
            case "*":
                terms[-1] *= number
            case "/":
                terms[-1] /= number
            case "+":
                terms.append(number)
            case _:
                terms.append(-number)
    return sum(terms, Fraction(0))


def _read_sum(tokens: Sequence[str]) -> Sum | None:
    first = _read_operand(tokens, lenient=False)
    if first is None:
        return None
    number, used = first
    numbers, signs = [number], []
    while len(numbers) < _OPERANDS_MAX:
        operation = _read_operation(tokens[used:])
        operand = operation and _read_operand(tokens[used + operation[1] :], lenient=True)
        if not operation or not operand:
            break
        signs.append(operation[0])
        numbers.append(operand[0])
        used += operation[1] + operand[1]
    return Sum(tuple(numbers), tuple(signs)) if signs else None


def _read_operation(tokens: Sequence[str]) -> tuple[str, int] | None:
    for phrase, sign in _PHRASES:
        if list(tokens[: len(phrase)]) == phrase:
            return sign, len(phrase)
    return None


def _read_operand(tokens: Sequence[str], *, lenient: bool) -> tuple[Fraction, int] | None:
    """A number with an optional sign, and how many tokens it takes."""
    negative = list(tokens[:1]) in (["minus"], ["negative"], ["-"])
    found = read_number(tokens[negative:])
    if found is None and lenient and tokens and tokens[0] in _SOUNDS_LIKE:
        found = Fraction(_SOUNDS_LIKE[tokens[0]]), 1
    if found is None or abs(found[0]) >= 10**_DIGITS_MAX:
        return None
    value, used = found
    return (-value if negative else value), used + negative
