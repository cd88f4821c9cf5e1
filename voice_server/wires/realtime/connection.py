"""What one connection of this protocol remembers, shared by both directions of its wire. Pure.

Whatever a client asks for is an *errand*: it goes to the session under a name of ours, and comes
back acknowledged or refused by that name. So answers keep their order, and errors find the message
that caused them.
"""

from dataclasses import dataclass, field
from typing import Literal

from audio.formats import Codec
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.realtime.client_messages import ResponseParams
from voice_server.wires.realtime.configuration import Surroundings
from voice_server.wires.realtime.errors import RefusalError
from voice_server.wires.realtime.formats import RATE
from voice_server.wires.realtime.responses import Response
from voice_server.wires.realtime.session_object import Session
from voice_server.wires.realtime.shelf import Shelf
from voice_server.wires.realtime.user_turns import UserTurns

REQUESTED_MAX = 64
"""Requests that are remembered, those that came to nothing among them."""

CALLS_MAX = 256
"""Function calls that are remembered."""

SPOKEN_MAX = 256
"""Answers that can still be truncated."""

ErrandKind = Literal[
    "update",
    "commit",
    "clear",
    "create",
    "retrieve",
    "delete",
    "truncate",
    "respond",
    "cancel",
    "show",
    "drop",
    "recite",
    "recited",
    "restore",
    "refused",
]
"""`show` and `drop` are for items that the conversation does not have; `recite` to `restore` hear
audio that came in an item."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something the client wants, under way."""

    kind: ErrandKind
    event_id: str | None = None
    """Of the client's message."""
    item: str = ""
    ms: int = 0
    session: Session | None = None
    """As it will be."""
    before: Session | None = None
    """As it was, in case this one is refused."""
    param: str | None = None
    reason: str = ""
    """Why the wire itself refused it."""


@dataclass(slots=True)
class Spoken:
    """An answer's audio, as far as it was sent."""

    reply: int
    ms: float = 0.0


@dataclass(slots=True)
class Connection:
    """The state of one wire."""

    key: str
    """A part of every id, so that none comes again in another connection."""
    session: Session
    """With every update that was asked for."""
    around: Surroundings
    id: str = ""
    """The session's own id; empty until it is ready."""
    shelf: Shelf = field(default_factory=Shelf)
    buffered_ms: float = 0.0
    """Audio since the last commit or clear."""
    heard_ms: float = 0.0
    """Audio since the beginning."""
    responses: dict[int, Response] = field(default_factory=dict)
    """Under way, by reply; at most one is of the conversation, the others are beside it."""
    reply: int = 0
    """The newest reply of the conversation."""
    stopped: int = 0
    """The newest reply that was stopped."""
    sounding: bool = False
    """The newest reply still goes on, if only in the client's loudspeaker."""
    requested: dict[str, ResponseParams] = field(default_factory=dict)
    """What was asked of responses that have not begun, by tag."""
    waiting: set[str] = field(default_factory=set)
    """Those of them that will begin: whoever is interrupted forgets what was to come next."""
    spoken: dict[str, Spoken] = field(default_factory=dict)
    """By item."""
    awaited: dict[str, None] = field(default_factory=dict)
    """Function calls that the client has not answered."""
    server_calls: dict[str, None] = field(default_factory=dict)
    """Those that it need not, and does not see."""
    creating: set[str] = field(default_factory=set)
    """Items that are on their way into the conversation."""
    wishes: list[ev.ClientEvent] = field(default_factory=list)
    """What follows from the protocol without a message of the client's; asked with its next."""
    codec: Codec = Codec.PCM_S16LE
    rate: int = RATE
    """Of the audio to the client."""
    turns: UserTurns = field(init=False)
    _errands: dict[str, Errand] = field(default_factory=dict)
    _named: int = 0

    def __post_init__(self) -> None:
        self.turns = UserTurns(self.shelf, lambda: self.id)

    @property
    def response(self) -> Response | None:
        """The one of the conversation, unless the client knows that it is done."""
        response = self.responses.get(self.reply)
        return None if response is None or response.over else response

    def name(self, kind: str) -> str:
        """A new id: of an event, an item, an errand."""
        self._named += 1
        return f"{kind}_{self.key}_{self._named}"

    def send_out(self, errand: Errand, event: ev.ClientEvent) -> ev.Identified:
        """Put an errand on its way."""
        name = self.name("errand")
        self._errands[name] = errand
        return ev.Identified(name, event)

    def refuse(self, error: RefusalError, event_id: str | None) -> ev.MessageRefused:
        """What cannot be obeyed goes the same way, so that errors come in their turn."""
        name = self.name("errand")
        id = error.event_id or event_id
        self._errands[name] = Errand("refused", id, param=error.param, reason=error.reason)
        return ev.MessageRefused(ErrorCode.BAD_REQUEST, str(error), name)

    def come_back(self, name: str | None) -> Errand | None:
        """An errand is done, or refused."""
        return None if name is None else self._errands.pop(name, None)

    def request(self, tag: str, params: ResponseParams) -> None:
        """A response is wanted."""
        self.requested[tag] = params
        self.waiting.add(tag)
        if len(self.requested) > REQUESTED_MAX:
            oldest = next(iter(self.requested))
            del self.requested[oldest]
            self.waiting.discard(oldest)

    def note_call(self, call: str, *, by_server: bool) -> None:
        """A function is called."""
        calls = self.server_calls if by_server else self.awaited
        calls[call] = None
        if len(calls) > CALLS_MAX:
            del calls[next(iter(calls))]

    def speak(self, item: str, reply: int) -> None:
        """An answer is going to be spoken."""
        self.spoken[item] = Spoken(reply)
        if len(self.spoken) > SPOKEN_MAX:
            del self.spoken[next(iter(self.spoken))]
