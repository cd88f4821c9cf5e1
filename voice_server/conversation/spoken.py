"""What a clause sounds like: written text without its markup, tied to where it came from.

The voice gets words only: no Markdown, no link targets, no emoji. Every spoken character remembers
its place in the written text, because the user reads the text as it was written, and what was heard
is remembered in written words.
"""

import re
import unicodedata
from dataclasses import dataclass, field

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"!?\[([^\]]*)\]"
            r"\((?:[^()\s]|\([^()\s]*\))*(?:\s+[\"'][^)]*)?\)"  # target and title
        ),
        r"\1",
    ),
    (
        re.compile(
            r"<?(?:https?://(?:[^\s/@]*@)?|www\.)(?:www\.)?"
            r"([\w-]+(?:\.[\w-]+)*)"  # the host is all that is said
            r"(?::\d+)?(?:[/?#][^\s,;<>()\"']*(?<![.!?:]))?>?"
        ),
        r"\1",
    ),
    (re.compile(r"^\s{0,3}#{1,6}\s+", re.MULTILINE), ""),
    (re.compile(r"^\s*(?:[-*+•]|>)\s+", re.MULTILINE), ""),
    (re.compile(r"^(?=.*---)[\s|:-]+$", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__|~~|`+)"), ""),
    (re.compile(r"(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)"), ""),
    (re.compile(r"\s*\|\s*"), ", "),
    (re.compile(r"</?[A-Za-z][\w-]*(?:\s+[\w-]+=[^<>]*)?\s*/?>"), ""),
)
"""Pattern and what is said instead; `\\1` keeps the group and its places."""

_EMOJI_PARTS = frozenset("\u200d\ufe0f\ufe0e\u20e3") | {chr(tag) for tag in range(0xE0020, 0xE0080)}
"""What joins and varies emoji, and would be left when they are gone."""

_READ_ALOUD = frozenset("°℃℉№^")
"""Symbols that are words."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """Text for the voice."""

    text: str = field(repr=False)
    places: tuple[int, ...] = field(repr=False)
    """For each character of `text`: its index in the written text."""

    def written_span(self, start: int, end: int) -> tuple[int, int]:
        """The written characters behind spoken characters `start` to `end`."""
        if not self.places:
            return 0, 0
        first = min(start, len(self.places) - 1)
        last = max(first, min(end, len(self.places)) - 1)
        return self.places[first], self.places[last] + 1


def spoken(written: str) -> Spoken:
    """What to say for a clause; empty when nothing in it can be said."""
    pieces = [(char, place) for place, char in enumerate(written)]
    for pattern, replacement in _RULES:
        pieces = _replace(pieces, pattern, replacement)
    pieces = _collapse([(char, place) for char, place in pieces if _sayable(char)])
    if not any(char.isalnum() for char, _ in pieces):
        pieces = []
    return Spoken("".join(char for char, _ in pieces), tuple(place for _, place in pieces))


_Pieces = list[tuple[str, int]]


def _replace(pieces: _Pieces, pattern: re.Pattern[str], replacement: str) -> _Pieces:
    text = "".join(char for char, _ in pieces)
    result: _Pieces = []
    end = 0
    for match in pattern.finditer(text):
        result += pieces[end : match.start()]
        if replacement == r"\1":
            result += pieces[match.start(1) : match.end(1)]
        else:
            result += [(char, pieces[match.start()][1]) for char in replacement]
        end = match.end()
    return result + pieces[end:]


def _sayable(char: str) -> bool:
    """Emoji, other symbols, control characters and lone surrogates are not."""
    if char.isspace() or char in _READ_ALOUD:
        return True
    return char not in _EMOJI_PARTS and unicodedata.category(char) not in (
        "So",
        "Sk",
        "Cc",
        "Cs",
        "Co",
    )


def _collapse(pieces: _Pieces) -> _Pieces:
    """Runs of white space become one space; none at the ends, none before a full stop."""
    result: _Pieces = []
    for char, place in pieces:
        if not char.isspace():
            if char in ".,!?" and result and result[-1][0] == " ":
                result.pop()
            result.append((char, place))
        elif result and result[-1][0] != " ":
            result.append((" ", place))
    if result and result[-1][0] == " ":
        result.pop()
    return result
