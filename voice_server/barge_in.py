"""Does what was said over a reply take the floor? Judged from its words alone, purely.

A listener says "mhm" and "right" to keep the speaker going; "stop" and "wait" mean now; a
loudspeaker without echo cancellation sends our own words back. Everything else with words in it
is somebody who wants to speak.
"""

from collections.abc import Sequence
from enum import Enum, auto

from voice_server.lexicon import begins_with, consists_of, lexicon_for, words_of

ECHO_SHARE = 0.7
"""So much of what was heard must be found in what was said, in order, to be its echo."""
ECHO_WORDS_MIN = 2
"""One word in common proves nothing."""


class Verdict(Enum):
    """What was said over a reply."""

    NOTHING = auto()
    """No words: a cough, a door."""
    BACKCHANNEL = auto()
    ECHO = auto()
    """Our own words."""
    WORDS = auto()
    """Somebody wants to speak."""
    COMMAND = auto()
    """Somebody wants us to stop, at once."""

    @property
    def takes_floor(self) -> bool:
        """Whether the reply has to end."""
        return self in (Verdict.WORDS, Verdict.COMMAND)


def judge(text: str, language: str, said: str = "") -> Verdict:
    """Judge words that were heard while the reply was saying `said` (its last few seconds)."""
    words = words_of(text)
    known = lexicon_for(language)
    if not words:
        return Verdict.NOTHING
    if is_echo(words, words_of(said)):
        return Verdict.ECHO
    if begins_with(words, known.commands):
        return Verdict.COMMAND
    if consists_of(words, known.backchannels | known.fillers):
        return Verdict.BACKCHANNEL
    return Verdict.WORDS


def is_echo(heard: Sequence[str], said: Sequence[str]) -> bool:
    """Whether `heard` is what a microphone picks up of `said`: most of it, in the same order."""
    if len(heard) < ECHO_WORDS_MIN:
        return False
    return _in_common(heard, said) >= ECHO_SHARE * len(heard)


def _in_common(left: Sequence[str], right: Sequence[str]) -> int:
    """Length of the longest common subsequence."""
    row = [0] * (len(right) + 1)
    for a in left:
        diagonal = 0
        for i, b in enumerate(right, 1):
            diagonal, row[i] = row[i], diagonal + 1 if a == b else max(row[i], row[i - 1])
    return row[-1]
