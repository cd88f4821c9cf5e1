"""What a call yields: the server's messages under the protocol's names, audio, and reconnections.

Every event is a frozen value; PROTOCOL.md says what each means. Unknown keys are ignored, and so
are messages of types that a newer server may have. `repr` shows no words and no samples: print the
fields.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from msgspec import Struct

from audio import Samples
from voice_server.client.errors import ProtocolError
from voice_server.client.parts import GrantedAudio, Item, ResumeOffer, Word

_PRIVATE = frozenset(
    {"text", "stable", "unstable", "heard", "unheard", "words", "w", "config", "args"}
)


class Message(Struct, frozen=True, kw_only=True, tag_field="type"):
    """Anything that the server says in JSON."""

    sn: int | None = None
    """The session's counter; None for answers to a single message."""

    def __repr__(self) -> str:
        shown = (name for name in self.__struct_fields__ if name not in _PRIVATE)
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in shown)
        return f"{type(self).__name__}({fields})"


class Ready(Message, frozen=True, kw_only=True, tag="ready"):
    """The session is open."""

    session: str
    mode: str
    audio: GrantedAudio
    limits: dict[str, float] = {}
    config: dict[str, Any] = {}
    models: dict[str, str] = {}
    notices: list[str] = []
    """Sentences worth showing."""
    features: list[str] = []
    resumed: bool = False
    resume: ResumeOffer | None = None


class State(Message, frozen=True, kw_only=True, tag="state"):
    """What the conversation is doing."""

    state: str


class Level(Message, frozen=True, kw_only=True, tag="level"):
    """The microphone as the server hears it."""

    dbfs: float
    voice: bool


class SpeechStarted(Message, frozen=True, kw_only=True, tag="speech.started"):
    """The user began to speak."""

    item: str
    pos: int
    ms: int
    """Milliseconds of microphone audio since the session began."""
    during_output: bool = False


class SpeechStopped(Message, frozen=True, kw_only=True, tag="speech.stopped"):
    """The user's turn is over."""

    item: str
    pos: int
    ms: int


class Partial(Message, frozen=True, kw_only=True, tag="transcript.partial"):
    """Words while they are spoken."""

    item: str
    rev: int
    stable: str
    """Only ever grows."""
    unstable: str
    """May change."""
    lang: str = ""


class Final(Message, frozen=True, kw_only=True, tag="transcript.final"):
    """All the words of a turn; `empty` when there were none."""

    item: str
    text: str
    lang: str = ""
    confidence: float = 1.0
    duration_ms: int = 0
    words: list[Word] = []
    empty: bool = False
    covered_pos: int | None = None
    """Samples of the microphone that the server never needs again."""


class ReplyStarted(Message, frozen=True, kw_only=True, tag="response.started"):
    """A reply is being made; its audio comes as `stream`."""

    response: str
    stream: int
    cause: str = ""
    reply_to: str | None = None
    modalities: tuple[str, ...] = ("audio",)
    """Without `audio` it is only written."""
    metadata: dict[str, str] = {}
    """What `respond` was given."""


class ToolCall(Message, frozen=True, kw_only=True, tag="tool.call"):
    """The language model asks for something; if `by` is the client, `Call.tool_result` answers."""

    response: str
    call: str
    name: str
    args: Any = None
    """As the model wrote them: an object, or text that is no JSON."""
    by: str = "client"


class ItemAdded(Message, frozen=True, kw_only=True, tag="item.added"):
    """The conversation has one entry more, behind the one named `after`."""

    item: Item
    after: str | None = None


class ItemChanged(Message, frozen=True, kw_only=True, tag="item.changed"):
    """What is remembered of an entry was put right."""

    item: Item


class ItemRemoved(Message, frozen=True, kw_only=True, tag="item.removed"):
    """The conversation has one entry less."""

    item: str


class History(Message, frozen=True, kw_only=True, tag="history"):
    """The conversation as it is remembered."""

    items: list[Item]


class TextDelta(Message, frozen=True, kw_only=True, tag="text.delta"):
    """A piece of the reply's text."""

    response: str
    text: str


class TextDone(Message, frozen=True, kw_only=True, tag="text.done"):
    """The whole text."""

    response: str
    text: str


class AudioStarted(Message, frozen=True, kw_only=True, tag="audio.started"):
    """The stream's first sample follows."""

    stream: int


class AudioDone(Message, frozen=True, kw_only=True, tag="audio.done"):
    """The stream's last sample was sent."""

    stream: int
    total_samples: int


class Mark(Message, frozen=True, kw_only=True, tag="audio.mark"):
    """Which samples speak which characters of the reply; comes before them."""

    stream: int
    pos: int
    end_pos: int
    chars: tuple[int, int]
    exact: bool = True


class PlaybackPause(Message, frozen=True, kw_only=True, tag="playback.pause"):
    """Hold still."""

    stream: int


class PlaybackResume(Message, frozen=True, kw_only=True, tag="playback.resume"):
    """Go on with the very next sample."""

    stream: int


class PlaybackStop(Message, frozen=True, kw_only=True, tag="playback.stop"):
    """Throw away what was not played; report `stopped` and how far it got."""

    stream: int
    reason: str = ""


class Truncated(Message, frozen=True, kw_only=True, tag="response.truncated"):
    """Which words of an interrupted reply were heard."""

    response: str
    heard: str
    unheard: str
    pos: int
    ms: int
    basis: str = ""


class ReplyDone(Message, frozen=True, kw_only=True, tag="response.done"):
    """The reply was played, or stopped; `text` is what the conversation remembers."""

    response: str
    status: str
    text: str = ""
    usage: dict[str, Any] = {}
    metrics: dict[str, Any] = {}


class Metrics(Message, frozen=True, kw_only=True, tag="metrics"):
    """Where the time of a turn went, in milliseconds."""

    response: str
    metrics: dict[str, Any]
    item: str | None = None


class Flow(Message, frozen=True, kw_only=True, tag="flow"):
    """How far the microphone was taken in."""

    acked_pos: int
    credit_ms: int
    covered_pos: int | None = None


class Notice(Message, frozen=True, kw_only=True, tag="notice"):
    """Something that the client may want to act on."""

    code: str
    in_s: float | None = None
    detail: str = ""


class Config(Message, frozen=True, kw_only=True, tag="config"):
    """The configuration, after a change."""

    config: dict[str, Any]


class GoingAway(Message, frozen=True, kw_only=True, tag="going_away"):
    """The server is about to close in good order."""

    reason: str = ""
    reconnect_in_ms: int = 0
    resume: bool = False
    """The session can be had back then."""


class Error(Message, frozen=True, kw_only=True, tag="error"):
    """Something could not be done; a fatal one is followed by the close."""

    code: str
    message: str
    fatal: bool = False
    id: str | None = None


class Ack(Message, frozen=True, kw_only=True, tag="ack"):
    """A message with this id was taken."""

    id: str


class Pong(Message, frozen=True, kw_only=True, tag="pong"):
    """The answer to a ping."""

    t: float
    server_t: float = 0.0


@dataclass(frozen=True, slots=True)
class Audio:
    """A stretch of a reply."""

    stream: int
    position: int
    """Of the first sample in the stream."""
    samples: Samples = field(repr=False)
    """At the rate that `Ready` granted, shape (n,)."""
    last: bool = False
    """Nothing of the stream follows."""
    sn: int | None = None
    """The session's counter."""


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection is gone; the next attempt comes in `delay_s`."""

    delay_s: float
    attempt: int
    """1 for the first."""
    reason: str


@dataclass(frozen=True, slots=True)
class Reconnected:
    """A connection is there again. A `Ready` has come just before.

    If `resumed` nothing was lost: what was missed follows, and what was said meanwhile is on its
    way. Else the server has begun a new session, remembers nothing of what was said, and streams
    count from the beginning.
    """

    resumed: bool
    attempts: int


ServerMessage = (
    Ready
    | State
    | Level
    | SpeechStarted
    | SpeechStopped
    | Partial
    | Final
    | ReplyStarted
    | TextDelta
    | TextDone
    | ToolCall
    | ItemAdded
    | ItemChanged
    | ItemRemoved
    | History
    | AudioStarted
    | AudioDone
    | Mark
    | PlaybackPause
    | PlaybackResume
    | PlaybackStop
    | Truncated
    | ReplyDone
    | Metrics
    | Flow
    | Notice
    | Config
    | GoingAway
    | Error
    | Ack
    | Pong
)

Event = ServerMessage | Audio | Reconnecting | Reconnected

PlaybackState = Literal["playing", "paused", "stopped", "drained", "underrun"]

_decoder = msgspec.json.Decoder(ServerMessage)


def decode(text: str) -> ServerMessage | None:
    """One JSON message; None for a type that this client does not know. Raises `ProtocolError`."""
    try:
        message: ServerMessage = _decoder.decode(text)
    except msgspec.ValidationError as error:
        if str(error).endswith("`$.type`"):
            return None
        raise ProtocolError(f"The server sent a message that cannot be read: {error}.") from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise ProtocolError(f"The server sent what is no JSON: {error}.") from None
    return message
