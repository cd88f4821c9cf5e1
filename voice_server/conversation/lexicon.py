"""The words that turn-taking knows, per language: backchannels, commands, unfinished ends, …

The lists are data (`lexicon.toml`), so that adding a language needs no code. For a language without
lists there is nothing to know: no word is a backchannel, and no turn reads unfinished.
"""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's lists; each entry is a phrase of normalised words."""

    backchannels: frozenset[Phrase] = frozenset()
    commands: frozenset[Phrase] = frozenset()
    hanging: frozenset[Phrase] = frozenset()
    particles: frozenset[Phrase] = frozenset()
    fillers: frozenset[Phrase] = frozenset()
    openers: frozenset[Phrase] = frozenset()
    requests: frozenset[Phrase] = frozenset()


def words_of(text: str) -> list[str]:
    """Normalised words: lower case, without punctuation."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


def lexicon_for(language: str) -> Lexicon:
    """The lists of a BCP 47 tag's language; empty ones if there are none."""
    return _all().get(language.partition("-")[0].lower(), Lexicon())


def consists_of(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    """Whether these words are nothing but such phrases, one after another."""
    longest = max(map(len, phrases), default=0)
    at = 0
    while at < len(words):
        sizes = range(min(longest, len(words) - at), 0, -1)
        size = next((n for n in sizes if tuple(words[at : at + n]) in phrases), None)
        if size is None:
            return False
        at += size
    return bool(words)


def begins_with(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    """Whether one of the phrases comes first."""
    return any(tuple(words[: len(phrase)]) == phrase for phrase in phrases)


def ends_with(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    """Whether one of the phrases comes last."""
    return any(tuple(words[-len(phrase) :]) == phrase for phrase in phrases)


@cache
def _all() -> dict[str, Lexicon]:
    tables = tomllib.loads((files(__package__) / "lexicon.toml").read_text(encoding="utf-8"))
    return {
        language: Lexicon(**{name: _phrases(entries) for name, entries in table.items()})
        for language, table in tables.items()
    }


def _phrases(entries: Sequence[str]) -> frozenset[Phrase]:
    return frozenset(tuple(words_of(entry)) for entry in entries)
