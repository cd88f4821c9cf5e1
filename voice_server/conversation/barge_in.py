"""Does what was said over a reply take the floor? Judged from its words alone, purely.

A listener says "mhm" and "right" to keep the speaker going; "stop" and "wait" mean now; a
loudspeaker without echo cancellation sends our own words back. Everything else with words in it
is somebody who wants to speak.
"""

from collections.abc import Sequence
from enum import Enum, auto

from voice_server.conversation.lexicon import (
    Phrase,
    begins_with,
    consists_of,
    lexicon_for,
    words_of,
)

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


def judge(
    text: str, language: str, said: str = "", *, echoes: bool = False, whole: bool = True
) -> Verdict:
    """Judge words that were heard while the reply was saying `said` (its last few seconds).

    `echoes`: the microphone may hear the loudspeaker, so our own words among the user's do not
    count. `whole`: the speaker has paused; otherwise more may follow, so "I" may become "I see".
    """
    words, own = words_of(text), words_of(said)
    known = lexicon_for(language)
    if not words:
        return Verdict.NOTHING
    common = _in_common(words, own)
    if is_echo(words, own):
        return Verdict.ECHO
    if begins_with(words, known.commands):
        return Verdict.COMMAND
    if echoes:
        words = [word for at, word in enumerate(words) if at not in common]
        if not words:
            return Verdict.NOTHING  # one word of ours may still be theirs: what follows will tell
    friendly = known.backchannels | known.fillers
    if consists_of(words, friendly) or (not whole and may_become(words, friendly)):
        return Verdict.BACKCHANNEL
    return Verdict.WORDS


def is_echo(heard: Sequence[str], said: Sequence[str]) -> bool:
    """Whether `heard` is what a microphone picks up of `said`: most of it, in the same order."""
    if len(heard) < ECHO_WORDS_MIN:
        return False
    return len(_in_common(heard, said)) >= ECHO_SHARE * len(heard)


def may_become(words: Sequence[str], phrases: frozenset[Phrase]) -> bool:
    """Whether these words are such phrases, but for a last one that is only begun."""
    for length in range(1, len(words) + 1):
        begun = tuple(words[-length:])
        if any(phrase[:length] == begun for phrase in phrases):
            rest = words[:-length]
            if not rest or consists_of(rest, phrases):
                return True
    return False


def _in_common(heard: Sequence[str], said: Sequence[str]) -> set[int]:
    """Which of the words heard make the longest common subsequence with those said (indices)."""
    rows = [[0] * (len(said) + 1)]
    for word in heard:
        above, row = rows[-1], [0]
        for at, other in enumerate(said):
            row.append(above[at] + 1 if word == other else max(above[at + 1], row[at]))
        rows.append(row)
    common: set[int] = set()
    i, j = len(heard), len(said)
    while i and j:
        if heard[i - 1] == said[j - 1]:
            common.add(i - 1)
            i, j = i - 1, j - 1
        elif rows[i - 1][j] >= rows[i][j - 1]:
            i -= 1
        else:
            j -= 1
    return common
