"""What the turn machine asks to be done, as values. Read `turns` for when."""

from dataclasses import dataclass
from typing import Literal

EndCause = Literal["silence", "commit", "length"]


@dataclass(frozen=True, slots=True)
class UtteranceBegan:
    """Open an utterance, pre-roll included."""

    turn: int
    at_ms: int
    """Audio time of the first voiced frame."""


@dataclass(frozen=True, slots=True)
class EndExpected:
    """Probably the end: decode now what will be the final if nothing more is said."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class ReplyWorthBeginning:
    """So little silence is left that a reply begun now, and held, is probably not in vain."""

    turn: int
    revision: int


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """It was not the end: results of earlier revisions are void."""

    turn: int
    revision: int
    pause_ms: int
    """How long the silence was."""


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The user has finished."""

    turn: int
    revision: int
    at_ms: int
    """Audio time of the last voice."""
    cause: EndCause
    """`length`: cut at the longest utterance while the user may still be speaking."""


@dataclass(frozen=True, slots=True)
class UtteranceDropped:
    """It was nothing: too little voice, a backchannel, or the client cleared it."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyPaused:
    """Somebody speaks over the reply: hold it."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyResumed:
    """It was nothing: let the reply go on where it was."""

    turn: int


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """The user took the floor: stop the reply."""

    turn: int


TurnAction = (
    UtteranceBegan
    | EndExpected
    | ReplyWorthBeginning
    | SpeechResumed
    | TurnEnded
    | UtteranceDropped
    | ReplyPaused
    | ReplyResumed
    | ReplyInterrupted
)
