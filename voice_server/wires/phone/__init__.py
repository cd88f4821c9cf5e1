"""Telephones: what all of their protocols say, in one small vocabulary.

Every telephone peer sends the caller's audio, says how far ours was played, and hears audio and a
few commands. A `Dialect` translates between one protocol's messages and the values of this file; a
`PhoneWire` (see `call`) does the rest, the same for all: admission, order, marks, manners. Nothing
here knows about turns.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from audio import Samples
from audio.formats import AudioFormat
from voice_server.closes import ErrorCode

# From the peer -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallStarted:
    """The call is there, and its audio follows."""

    call: str
    """The peer's own name for it, for the logs."""
    format: AudioFormat
    """Of both directions."""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the call's own configuration says, e.g. `language` or `token`."""


@dataclass(frozen=True, slots=True)
class CallerAudio:
    """What the caller said, in the call's format."""

    data: bytes = field(repr=False)
    chunk: int | None = None
    """The peer's count of them, where order is not certain; the first is 1."""
    at_ms: int | None = None
    """When it was said, since the call began; a gap is silence that was not sent."""


@dataclass(frozen=True, slots=True)
class MarkReached:
    """The audio before a mark of ours was played, or thrown away."""

    name: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key on the caller's telephone, not checked yet."""

    key: str


@dataclass(frozen=True, slots=True)
class FlowChanged:
    """The peer's queue is nearly full, or has room again."""

    open: bool


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The caller has hung up."""


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """A message that the protocol does not have, or not in this form."""

    message: str
    """A sentence."""
    code: ErrorCode = ErrorCode.BAD_REQUEST
    fatal: bool = False
    """The call cannot be had like this."""


Signal = (
    CallStarted | CallerAudio | MarkReached | KeyPressed | FlowChanged | CallEnded | Misunderstood
)

# To the peer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """Put this at the end of the queue: whole frames of 20 ms."""

    samples: Samples = field(repr=False)


@dataclass(frozen=True, slots=True)
class Mark:
    """Tell when everything before this was played."""

    name: str


Command = Literal["clear", "pause", "resume", "hang_up"]
"""Throw the queue away; hold it still; go on with it; end the call."""

Order = Play | Mark | Command


class Dialect(Protocol):
    """One protocol's way to say these things. Pure; `read` never raises."""

    peer: str
    """Name of the other side, for logs and metrics."""
    can_pause: bool
    """The peer can hold its queue still; otherwise it is cleared, and sent again."""

    def read(self, message: str | bytes) -> list[Signal]:
        """What a message says; nothing if it says nothing that matters."""
        ...

    def write(self, order: Order) -> list[str | bytes]:
        """The messages that tell the peer to do this; none if it has no word for it."""
        ...
