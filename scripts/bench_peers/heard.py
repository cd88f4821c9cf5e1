"""What one talker was shown of one utterance, and what that says. Pure.

Every server tells its transcript in its own way; each way becomes a list of what stood on the
screen and when, and all figures are made of that list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from voice_server.bench.asr.captions import retracted, word_delays_ms
from voice_server.bench.word_error import word_error, words_of


@dataclass(frozen=True, slots=True)
class Shown:
    """One message of a server, as far as it shows words."""

    text: str
    """All words of the utterance that stand there now."""
    final: bool = False
    """The server says that they stay."""
    last: bool = False
    """Nothing more will come."""


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech on disk, and the truth about it; times in seconds from its first sample."""

    text: str
    path: str
    begins_s: float
    ends_s: float
    words: list[tuple[str, float]] = field(default_factory=list)
    """Each word and when it has been spoken. None of them: nobody speaks."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """One clip as one talker said it."""

    clip: int
    shown: list[tuple[float, str, bool]]
    """When, in seconds from the clip's first sample; the words; whether they were called final."""
    error: str = ""
    """Why the server was of no help."""


@dataclass(frozen=True, slots=True)
class Score:
    """What an utterance tells; milliseconds, None where the wire does not tell."""

    first_ms: float | None
    """Beginning of speech to the first words."""
    complete_ms: float | None
    """End of speech to the moment after which the words stay as they are."""
    declared_ms: float | None
    """End of speech to the moment when the server calls the last words final."""
    word_ms: list[float]
    """Of each word that was understood: its end to its first appearance."""
    retracted: int
    """Words that were shown and taken back, or changed."""
    shown: int
    """Words that stand in the end."""
    error: float
    """Word errors per word, 0 to 1 and beyond."""


def score(utterance: Utterance, clip: Clip) -> Score:
    """How good and how quick it was."""
    shown = [(at, text) for at, text, _ in utterance.shown]
    heard = shown[-1][1] if shown else ""
    first = next((at for at, text in shown if words_of(text)), None)
    lasting = _last_words(utterance.shown)
    declared = next((at for at, _, final in lasting if final), None)
    return Score(
        first_ms=_ms(first, clip.begins_s),
        complete_ms=_ms(lasting[0][0] if lasting else None, clip.ends_s),
        declared_ms=_ms(declared, clip.ends_s),
        word_ms=word_delays_ms(shown, clip.words),
        retracted=retracted([text for _, text in shown]),
        shown=len(words_of(heard)),
        error=word_error(clip.text, heard),
    )


def _last_words(shown: Sequence[tuple[float, str, bool]]) -> list[tuple[float, str, bool]]:
    """The captions after the last change of any word; none if no words stand in the end."""
    words = [words_of(text) for _, text, _ in shown]
    same = list(takewhile(lambda one: bool(one) and one == words[-1], reversed(words)))
    return list(shown[len(shown) - len(same) :])


def _ms(at: float | None, since_s: float) -> float | None:
    return None if at is None else 1000 * (at - since_s)
