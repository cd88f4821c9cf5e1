"""Whether the assistant has been called by its name. Pure.

A device that stands in a room hears much that is not meant for it. With wake phrases in the
settings, only what begins with one of them is for the assistant; the rest of the sentence is the
question. After that the conversation stays open for a while, so that the next question needs no
phrase. Recognisers mishear names, so a phrase may differ by a letter in five (Levenshtein, "Binary
codes capable of correcting deletions, insertions and reversals", 1966), and words may be joined or
torn apart.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from audio import FRAME_MS
from voice_server.settings import TurnSettings

LETTERS_PER_ERROR = 5
"""One letter of so many may be wrong; in a shorter phrase none."""

_ALONE = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff"
"""Thai, Kana and Han, which are written without spaces: every sign counts as a word."""
_WORD = re.compile(rf"[{_ALONE}]|[^\W_{_ALONE}]+")
_BETWEEN = re.compile(r"[\W_]*")


@dataclass(frozen=True, slots=True)
class _Start:
    """The first words of what was said."""

    letters: str
    end: int
    """Where they end in the text."""


class WakeGate:
    """One session's door to the assistant; it counts milliseconds of microphone audio."""

    def __init__(self) -> None:
        self._awake_ms = 0
        """Left of the time in which no phrase is needed."""

    @property
    def open(self) -> bool:
        """Whether time runs in which no phrase is needed."""
        return self._awake_ms > 0

    def passes(self, settings: TurnSettings) -> bool:
        """Whether speech that begins now is for the assistant, phrase or not."""
        by_hand = settings.mode == "manual"
        return by_hand or not settings.wake_phrases or self.open

    def wake(self, settings: TurnSettings) -> bool:
        """The phrase was said. True if it had been needed."""
        slept = not self._awake_ms
        self._awake_ms = settings.wake_open_ms
        return slept

    def frame(self, *, asked: bool, answered: bool, settings: TurnSettings) -> bool:
        """Ten more milliseconds, not counted while somebody asks. True when it shuts.

        `answered`: the assistant has the floor; the time begins anew when it is done.
        """
        if not self._awake_ms:
            return False
        if answered:
            self._awake_ms = settings.wake_open_ms
        elif not asked:
            self._awake_ms = max(0, self._awake_ms - FRAME_MS)
        return not self._awake_ms


def after_phrase(text: str, phrases: Iterable[str]) -> str | None:
    """What follows the wake phrase at the beginning of `text`; None if there is no such phrase."""
    text = unicodedata.normalize("NFC", text)
    found = [match for phrase in phrases if (match := _match(text, phrase))]
    if not found:
        return None
    _, end = min(found)
    return text[_BETWEEN.match(text, end).end() :]  # type: ignore[union-attr] # it matches always


def distance(one: str, other: str) -> int:
    """How many letters have to be put in, left out or changed to make one the other."""
    above = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        row = [at]
        for column, wanted in enumerate(other):
            changed = above[column] + (letter != wanted)
            row.append(min(changed, above[column + 1] + 1, row[column] + 1))
        above = row
    return above[-1]


def _match(text: str, phrase: str) -> tuple[int, int] | None:
    """Errors in the best match at the beginning of the text, and where it ends."""
    words = [_letters(word) for word in _WORD.findall(phrase)]
    wanted = "".join(words)
    errors_max = len(wanted) // LETTERS_PER_ERROR
    matches = [
        (errors, start.end)
        for start in _starts(text, len(words) + 1)
        if abs(len(start.letters) - len(wanted)) <= errors_max
        and (errors := distance(start.letters, wanted)) <= errors_max
    ]
    return min(matches, default=None) if wanted else None


def _starts(text: str, words_max: int) -> Iterable[_Start]:
    """The first word, the first two, and so on."""
    letters = ""
    for _, match in zip(range(words_max), _WORD.finditer(text), strict=False):
        letters += _letters(match.group())
        yield _Start(letters, match.end())


def _letters(word: str) -> str:
    """Without case and accents."""
    split = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in split if not unicodedata.combining(char))
