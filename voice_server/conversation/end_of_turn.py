"""How long must the user be silent before the turn has ended? Judged from words and voice, purely.

People leave about 200 ms between turns, but pause for a second in the middle of a thought. The
words tell the two apart better than any fixed silence: "what time is it?" wants an answer now, "I'd
like to go to the" does not. What the words leave open, the melody tells: "turn off the lamp" ends
low when it is all, and stays up when "and the heater" will follow. Nothing of this is sure, so each
reading of a pause buys time, not a verdict; and a speaker who is known to pause gets more of it.

`EndOfTurn` is the seam: something else can stand in for the rules. A model that judges by the sound
(`models.turn_model`) stands in for the melody.
"""

import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from voice_server.conversation.lexicon import begins_with, ends_with, lexicon_for, words_of
from voice_server.settings import TurnSettings

SURE = 0.7
"""From this probability on, a model's word is enough, either way."""

GOES_ON_SHARE = 0.85
"""Of the longest silence, for what only sounds as if more will come."""

HABIT_MARGIN = 1.25
"""Pauses differ: a speaker gets so much more than the usual one."""

FALL_DB = 6.0
"""A voice that has fallen this far below its own level sounds finished."""

_EAGERNESS = {"low": 1.6, "auto": 1.0, "high": 0.7}
_DIGITS_MAX = 6
_TERMINAL = re.compile(r"[.!?。！？]['\"”’)]*$")
_TRAILING = re.compile(r"(?:,|;|:|-|–|—|…|\.\.\.)$")
_PUNCTUATED = re.compile(r"[A-Z.,!?]")
_NUMBER_WORDS = frozenset(
    words_of(
        "zero oh one two three four five six seven eight nine ten eleven twelve twenty thirty "
        "forty fifty sixty seventy eighty ninety hundred thousand point dot at"
    )
)


@dataclass(frozen=True, slots=True)
class Pause:
    """What is known when the user falls silent."""

    text: str = field(repr=False)
    language: str = "en"
    fall_db: float = 0.0
    """How far the voice fell in its last 200 ms, against the whole utterance."""
    melody_falls: bool | None = None
    """Whether the pitch has come down to its end; None: unknown."""
    habit_ms: float = 0.0
    """How long this speaker pauses within turns; 0 while unknown."""
    completeness: float | None = None
    """What a model made of the sound: 0 (will go on) to 1 (has finished); None: no model."""


class Reading(Enum):
    """What to make of a pause."""

    PROMISES = auto()
    """The words say that more will come."""
    GOES_ON = auto()
    """It sounds as if more will come."""
    UNKNOWN = auto()
    FINISHED = auto()


class EndOfTurn(Protocol):
    """Something that knows how long to wait."""

    def silence_ms(self, pause: Pause, settings: TurnSettings) -> int:
        """Milliseconds of silence after which the turn has ended."""
        ...


class RuleEndOfTurn:
    """Rules over the last words and the melody: quick, local, the same for the same pause."""

    def silence_ms(self, pause: Pause, settings: TurnSettings) -> int:
        """See `EndOfTurn`. Fixed endpointing answers `settings.silence_ms`, always."""
        if settings.endpoint == "fixed":
            return settings.silence_ms
        wait_ms = _wait_ms(pause, settings) * _EAGERNESS[settings.eagerness]
        return round(min(max(wait_ms, settings.silence_ms_min), settings.silence_ms_max))


def _wait_ms(pause: Pause, settings: TurnSettings) -> float:
    habit_ms = pause.habit_ms * HABIT_MARGIN
    match read(pause):
        case Reading.PROMISES:
            return settings.silence_ms_max
        case Reading.GOES_ON:
            return max(settings.silence_ms_max * GOES_ON_SHARE, habit_ms)
        case Reading.UNKNOWN:
            return max(settings.silence_ms, habit_ms)
        case Reading.FINISHED:
            return settings.silence_ms_min


def read(pause: Pause) -> Reading:
    """Read a pause: what the words promise outranks how it sounds, and that their mere end."""
    words, text = words_of(pause.text), pause.text.rstrip()
    if not words:
        return Reading.GOES_ON
    if is_unfinished(text, words, pause.language):
        return Reading.PROMISES
    if text.endswith(("?", "？")):
        return Reading.FINISHED
    # A recogniser that writes no full stops says nothing by leaving one out.
    ended = bool(_TERMINAL.search(text)) or not _PUNCTUATED.search(text)
    finished = _sounds_finished(pause)
    if finished:
        return Reading.FINISHED if ended else Reading.GOES_ON
    if _is_half_a_number(words):
        return Reading.PROMISES
    if finished is False:
        return Reading.GOES_ON if ended else Reading.PROMISES
    return _read_words(text, words, pause)


def _sounds_finished(pause: Pause) -> bool | None:
    """A model's word, or else the melody's; None if neither can tell."""
    if pause.completeness is None:
        return pause.melody_falls
    if pause.completeness >= SURE:
        return True
    return False if pause.completeness <= 1 - SURE else None


def _read_words(text: str, words: list[str], pause: Pause) -> Reading:
    """What the words say where nothing is known about the sound."""
    if begins_with(words, lexicon_for(pause.language).openers):
        return Reading.GOES_ON
    if is_complete(text, words, pause.language, pause.fall_db):
        return Reading.FINISHED
    return Reading.UNKNOWN


def is_unfinished(text: str, words: list[str], language: str) -> bool:
    """Whether the words promise more: they end with a conjunction, a filler, a comma."""
    known = lexicon_for(language)
    if ends_with(words, known.fillers) or _TRAILING.search(text):
        return True
    if text.endswith("?") or not ends_with(words, known.hanging):
        return False
    # "Turn it on." is whole, although much could follow "on".
    whole = begins_with(words, known.requests) and bool(_TERMINAL.search(text))
    return not (whole and ends_with(words, known.particles))


def is_complete(text: str, words: list[str], language: str, fall_db: float) -> bool:
    """Whether the words can stand alone: a request that has ended.

    A full stop proves little, because recognisers put one at every pause: what merely states
    something may go on.
    """
    known = lexicon_for(language)
    ended = bool(_TERMINAL.search(text))
    if not known.requests:
        return ended  # nothing is known about this language but its full stops
    asks = begins_with(words, known.requests)
    return asks and (ended or (len(words) > 3 and fall_db >= FALL_DB))


def _is_half_a_number(words: list[str]) -> bool:
    """Digits or letters given one by one, fewer than a telephone number has: more are likely."""
    given = 0
    for word in reversed(words):
        if word not in _NUMBER_WORDS and not word.isdecimal() and len(word) > 1:
            break
        given += len(word) if word.isdecimal() else 1
    return 2 < given <= _DIGITS_MAX


class PauseHabit:
    """How long one speaker pauses in the middle of turns, learned from pauses that were no ends."""

    def __init__(self, pause_ms_max: int = 1500) -> None:
        self._pause_ms_max = pause_ms_max
        self.pause_ms = 0.0
        """Smoothed; 0 while unknown."""

    def resumed(self, pause_ms: int) -> None:
        """The speaker went on after this silence."""
        pause_ms = min(pause_ms, self._pause_ms_max)
        self.pause_ms = 0.6 * self.pause_ms + 0.4 * pause_ms if self.pause_ms else float(pause_ms)

    def ended(self) -> None:
        """A turn ended without a pause in it: believe a little less."""
        self.pause_ms *= 0.9
