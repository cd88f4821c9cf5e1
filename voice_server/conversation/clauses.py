"""A reply's text, as it streams in, cut into clauses that can be spoken well one by one.

The first clause is cut early, because the user is waiting: at the first punctuation after two
words, or after six words without any. Later clauses grow, because longer ones sound better and
there is audio to cover the wait: at sentence ends, or at commas once they are long.

A boundary counts only when white space follows, so `3.14`, `10:30` and `example.com` stay whole,
and not after an abbreviation or an initial. What must not be spoken (a `<think>` block, fenced
code) is blanked out here, because only here the whole text passes by in order.
"""

import re
from dataclasses import dataclass, field

FIRST_WORDS_MIN = 2
FIRST_WORDS_MAX = 6
CLAUSE_CHARS = 60
"""A later clause may end at a comma from here on."""
CLAUSE_CHARS_MAX = 300
"""A clause ends at a space here even without punctuation, and in mid-word without a space."""

_CLOSERS = r"[\"'”’)\]*_]*"
_BOUNDARY = re.compile(rf"(?P<mark>[.!?…؟।॥۔։።]+|[,;:—–،؛]){_CLOSERS}(?=\s)|\n|[。！？；，、]")
_WIDE_COMMAS = frozenset("，、；")
"""Where words are not spaced, they are not counted either."""
_SENTENCE_MARKS = frozenset(".!?…؟।॥۔։።\n。！？")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|e\.g|i\.e|no|approx|dept|fig|\d+|[a-z])\.$",
    re.IGNORECASE,
)
_ABBREVIATION_CHARS_MAX = 12
_UNSPOKEN = {"<think>": "</think>", "```": "```"}


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the reply that is spoken in one go."""

    start: int
    """Index of its first character in the reply's text."""
    text: str = field(repr=False)
    """As the language model wrote it, without surrounding space."""


class ClauseCutter:
    """Feed it pieces of text; it returns clauses as soon as they are complete."""

    def __init__(self) -> None:
        self._blanker = _Blanker()
        self._text = ""
        """What was not cut yet."""
        self._start = 0
        """Where `_text` begins in the reply."""
        self._first = True

    def feed(self, piece: str) -> list[Clause]:
        """Append text and return the clauses that are now complete."""
        self._text += self._blanker.feed(piece)
        return self._cut()

    def finish(self) -> list[Clause]:
        """The text has ended: return what is left."""
        self._text += self._blanker.finish()
        clauses = self._cut()
        return clauses + self._take(len(self._text))

    def _cut(self) -> list[Clause]:
        clauses: list[Clause] = []
        self._drop_leading_space()
        while end := self._boundary():
            clauses += self._take(end)
        return clauses

    def _boundary(self) -> int | None:
        """Where the first clause of the text ends, if that is certain already.

        What was certain first counts, so that it makes no difference how the text came in.
        """
        text = self._text[: CLAUSE_CHARS_MAX + 1]
        marks = (match for match in _BOUNDARY.finditer(text) if self._may_end(match))
        end = next((match.end() for match in marks), None)
        words = list(re.finditer(r"\S+\s", text)) if self._first else []
        if len(words) > FIRST_WORDS_MAX and (end is None or end > words[FIRST_WORDS_MAX].end()):
            return words[FIRST_WORDS_MAX - 1].end()
        if len(text) > CLAUSE_CHARS_MAX and (end is None or end > CLAUSE_CHARS_MAX):
            return self._longest()
        return end

    def _may_end(self, match: re.Match[str]) -> bool:
        clause = self._text[: match.end()]
        mark = match["mark"] or match[0]
        if mark == "." and _ABBREVIATION.search(clause[-_ABBREVIATION_CHARS_MAX:]):
            return False
        if mark == "\n":
            return True
        if self._first and (len(clause.split()) >= FIRST_WORDS_MIN or mark in _WIDE_COMMAS):
            return True
        return mark[0] in _SENTENCE_MARKS or len(clause) >= CLAUSE_CHARS

    def _longest(self) -> int:
        """Where to end a clause that has become too long."""
        space = self._text.rfind(" ", 0, CLAUSE_CHARS_MAX)
        return space if space > 0 else CLAUSE_CHARS_MAX

    def _take(self, end: int) -> list[Clause]:
        clause = Clause(self._start, self._text[:end].rstrip())
        self._start += end
        self._text = self._text[end:]
        self._drop_leading_space()
        if not clause.text:
            return []
        self._first = False
        return [clause]

    def _drop_leading_space(self) -> None:
        stripped = self._text.lstrip()
        self._start += len(self._text) - len(stripped)
        self._text = stripped


class _Blanker:
    """Replaces what must not be spoken by line ends of equal length, so that indices stay true."""

    def __init__(self) -> None:
        self._held = ""
        """The tail that may be the beginning of a mark."""
        self._closing: str | None = None
        """The mark that ends what is being blanked."""

    def feed(self, piece: str) -> str:
        text, spoken = self._held + piece, ""
        while True:
            mark, at = self._next_mark(text)
            if mark is None:
                break
            end = at + len(mark)
            spoken += self._pass(text[:at]) + "\n" * len(mark)
            self._closing = None if self._closing else _UNSPOKEN[mark]
            text = text[end:]
        keep = self._partial_mark(text)
        self._held = text[len(text) - keep :]
        return spoken + self._pass(text[: len(text) - keep])

    def finish(self) -> str:
        held, self._held = self._held, ""
        return self._pass(held)

    def _marks(self) -> list[str]:
        return [self._closing] if self._closing else list(_UNSPOKEN)

    def _next_mark(self, text: str) -> tuple[str | None, int]:
        found = [(text.find(mark), mark) for mark in self._marks() if mark in text]
        at, mark = min(found, default=(0, None))
        return mark, at

    def _partial_mark(self, text: str) -> int:
        """How many characters at the end may yet become a mark."""
        lengths = (
            n for mark in self._marks() for n in range(1, len(mark)) if text.endswith(mark[:n])
        )
        return max(lengths, default=0)

    def _pass(self, text: str) -> str:
        return "\n" * len(text) if self._closing else text
