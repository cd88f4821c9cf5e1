"""What a session begins with that has begun elsewhere. A plain value.

Turns, replies and the microphone go on with the numbers that they had. What was open when the
session before was lost is ended here, in words that the client has seen before: every turn gets
its final, every reply its end. What is owed to the user follows from it.
"""

from dataclasses import dataclass, field

from voice_server import events as ev
from voice_server.conversation.casting import ReplyCall


@dataclass(frozen=True, slots=True)
class OpenCall:
    """A tool call that waits for its answer."""

    call: str
    reply: int
    turn: int | None
    by_server: bool
    goes_on: bool = True
    """The assistant speaks when it is answered."""


@dataclass(frozen=True, slots=True)
class Beginning:
    """Of a new session, everything is nothing."""

    items: tuple[ev.Item, ...] = field(default=(), repr=False)
    others: int = 0
    """Items that ever entered the conversation."""
    turn: int = 0
    """Number of the newest turn."""
    reply: int = 0
    """Number of the newest reply."""
    position: int = 0
    """The next sample of the microphone."""
    turn_ends: tuple[int, ...] = ()
    """Samples of the microphone at which a turn is known to end, in order."""
    muted: bool = False
    awake: bool = False
    """The wake phrase was said."""
    age_s: float = 0.0
    """How long the conversation has lasted."""
    ends: tuple[ev.ServerEvent, ...] = field(default=(), repr=False)
    """What is told first: the end of everything that was open."""
    calls: tuple[OpenCall, ...] = ()
    answer: ReplyCall | None = None
    """What the assistant owes the user."""


FRESH = Beginning()
