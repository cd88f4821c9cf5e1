"""English number words: "three hundred and eighty two" to 382, and back.

Pure. Written without hyphens, as recognisers write them and voices read them.
"""

from collections.abc import Sequence
from fractions import Fraction

_SMALL = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}

_UNITS = {word: value for value, word in enumerate(_SMALL)} | {
    word: 10 * value for value, word in enumerate(_TENS, start=2)
}
_DIGITS_MAX = 15
_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}


def to_words(number: int) -> str:
    """A whole number as it is spoken; one too long to say is described by its length."""
    if number < 0:
        return f"minus {to_words(-number)}"
    digits = len(str(number))
    if digits > _DIGITS_MAX:
        return f"a number of {to_words(digits)} digits"
    for name, scale in reversed(_SCALES.items()):
        if number >= scale:
            return _join(f"{to_words(number // scale)} {name}", number % scale)
    if number >= 100:
        return _join(f"{_SMALL[number // 100]} hundred", number % 100)
    if number >= 20:
        tens, units = divmod(number, 10)
        return f"{_TENS[tens - 2]} {_SMALL[units]}" if units else _TENS[tens - 2]
    return _SMALL[number]


def _join(head: str, rest: int) -> str:
    if rest == 0:
        return head
    return f"{head} {'and ' if rest < 100 else ''}{to_words(rest)}"


def decimal_words(number: Fraction, places: int = 2) -> str:
    """Any number as it is spoken, rounded to `places` decimals: "two point six seven"."""
    scaled = round(abs(number) * 10**places)
    whole, decimals = divmod(scaled, 10**places)
    sign = "minus " if number < 0 and scaled else ""
    spelled = (
        [_SMALL[int(digit)] for digit in f"{decimals:0{places}}".rstrip("0")] if places else []
    )
    return f"{sign}{' '.join([to_words(whole), *(['point', *spelled] if spelled else [])])}"


def ordinal_words(number: int) -> str:
    """A positive whole number as a rank: "twenty first"."""
    *head, last = to_words(number).split()
    regular = f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th"
    return " ".join([*head, _ORDINALS.get(last, regular)])


def read_number(words: Sequence[str]) -> tuple[Fraction, int] | None:
    """The number that `words` begin with and how many words it takes, or None.

    Takes the longest one: digits ("1,250", "3.5"), or number words with "a", "and" and "point"
    where speech puts them. Words are in lower case.
    """
    if not words:
        return None
    if words[0][0].isdigit():
        return _read_digits(words[0])
    whole = _read_whole(words)
    if whole is None:
        return None
    value, used = whole
    decimals = (
        _leading_digits(words[used + 1 :]) if list(words[used : used + 1]) == ["point"] else ""
    )
    if decimals:
        value += Fraction(int(decimals), 10 ** len(decimals))
        used += 1 + len(decimals)
    return value, used


def _read_digits(word: str) -> tuple[Fraction, int] | None:
    try:
        return Fraction(word.replace(",", "").rstrip(".")), 1
    except ValueError:
        return None


def _read_whole(words: Sequence[str]) -> tuple[Fraction, int] | None:
    """Add up units, hundreds and scales until a word does not fit."""
    total = group = used = 0
    for index, word in enumerate(words):
        if word in _UNITS and _fits(group, _UNITS[word]):
            group += _UNITS[word]
        elif word in ("a", "an") and index == 0 and _is_scale(words[1:2]):
            group = 1
        elif word == "hundred" and 0 < group < 100:
            group *= 100
        elif word in _SCALES and group and (not total or total % (_SCALES[word] * 1000) == 0):
            total, group = total + group * _SCALES[word], 0
        elif word == "and" and used and _is_unit(words[index + 1 : index + 2]):
            continue
        else:
            break
        used = index + 1
    return (Fraction(total + group), used) if used else None


def _fits(group: int, unit: int) -> bool:
    """Whether a unit may follow what the group of three digits holds so far."""
    if group == 0:
        return True
    if group % 100 == 0:
        return unit > 0
    return group % 10 == 0 and group % 100 >= 20 and 0 < unit < 10


def _is_scale(words: Sequence[str]) -> bool:
    return any(word == "hundred" or word in _SCALES for word in words)


def _is_unit(words: Sequence[str]) -> bool:
    return any(word in _UNITS for word in words)


def _leading_digits(words: Sequence[str]) -> str:
    digits = ""
    for word in words:
        if _UNITS.get(word, 10) > 9:
            break
        digits += str(_UNITS[word])
    return digits
