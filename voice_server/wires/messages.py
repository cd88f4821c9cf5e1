"""The JSON messages a `voice.v1` client may send, as typed structs.

msgspec decodes and validates them at once. Unknown keys are ignored, so that newer clients can talk
to older servers; unknown types and wrong values are errors that name the place.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from voice_server.closes import ErrorCode
from voice_server.events import Mode

Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
Name = Annotated[str, Meta(max_length=128)]
Rate = Annotated[int, Meta(ge=1, le=1_000_000)]


class OfferedTool(Struct, kw_only=True):
    """Something the client can do for the language model."""

    name: Name
    description: str = ""
    parameters: dict[str, Any] = {}
    """JSON Schema."""


Tools = Annotated[list[OfferedTool], Meta(max_length=1000)]
Modalities = Annotated[list[Literal["audio", "text"]], Meta(min_length=1, max_length=2)]


HotWords = Annotated[list[str], Meta(max_length=1000)]


class Config(Struct):
    """What a session can be configured with."""

    language: Name | None = None
    instructions: str | None = None
    voice: Name | None = None
    speed: float | None = None
    turn: dict[str, str | int | float | bool | list[str] | None] = {}
    hints: str | None = None
    """Text in the style and vocabulary that the recogniser should expect."""
    hot_words: HotWords | None = None
    """Names and terms that it should expect."""
    answers: bool | None = None
    """False: answer only when asked (`respond`)."""
    modalities: Modalities | None = None
    tools: Tools | None = None
    tool_choice: Name | None = None
    max_tokens: Count | None = None
    temperature: float | None = None


class Client(Struct):
    """Who is calling, for the logs."""

    name: Name = ""
    version: Name = ""


class InputAudio(Struct):
    """What the client sends."""

    codec: Name = "pcm_s16le"
    rate: Rate = 16_000
    channels: Count = 1


class OutputAudio(Struct):
    """What the client can play, best first."""

    codec: Name = "pcm_s16le"
    rates: Annotated[list[Rate], Meta(max_length=16)] = []
    max_lead_ms: Count = 2000


class Audio(Struct):
    """Both directions."""

    framing: Literal["raw", "framed"] = "framed"
    input: InputAudio = msgspec.field(default_factory=InputAudio)
    output: OutputAudio = msgspec.field(default_factory=OutputAudio)


class NewItem(Struct, kw_only=True):
    """A message that was not said in this conversation."""

    id: Name = ""
    role: Literal["system", "user", "assistant"] = "user"
    text: str


class Playback(Struct):
    """What the client tells about its loudspeaker."""

    reports: bool = False
    echo_cancelled: bool = True


class Lacking(Struct):
    """The audio from here on was not received."""

    stream: Count
    pos: Count


class Resume(Struct):
    """Which session to go on with, and from where."""

    session: Name
    token: Name = ""
    last_sn: Count = 0
    last_text_sn: Count | None = None
    playback: Lacking | None = None
    required: bool = False


class Message(Struct, tag_field="type"):
    """Any message. One with an id is acknowledged, and taken once."""

    id: Name | None = None


class Hello(Message, tag="hello"):
    """Opens the session."""

    protocol: int = 1
    client: Client = msgspec.field(default_factory=Client)
    mode: Mode = "conversation"
    audio: Audio = msgspec.field(default_factory=Audio)
    playback: Playback = msgspec.field(default_factory=Playback)
    features: Annotated[list[Name], Meta(max_length=64)] = []
    config: Config = msgspec.field(default_factory=Config)
    resume: Resume | None = None


class ConfigUpdate(Message, tag="config.update"):
    """Changes the configuration."""

    config: Config = msgspec.field(default_factory=Config)


class Text(Message, tag="text", kw_only=True):
    """A typed message."""

    text: str
    respond: bool = True


class Commit(Message, tag="audio.commit"):
    """The user's turn ends here."""


class Clear(Message, tag="audio.clear"):
    """Forget the open turn."""


class Mute(Message, tag="audio.mute"):
    """Ignore the microphone."""


class Unmute(Message, tag="audio.unmute"):
    """Listen again."""


class Respond(Message, tag="respond"):
    """Answer now. What is absent is taken from the configuration."""

    instructions: str | None = None
    modalities: Modalities | None = None
    """`["audio"]`, which includes the text, or `["text"]`."""
    voice: Name | None = None
    tools: Tools | None = None
    tool_choice: Name | None = None
    max_tokens: Count | None = None
    temperature: float | None = None
    aside: bool = False
    """The conversation does not remember this reply."""
    follows: bool = False
    """Let the reply that is playing come to its end first."""
    metadata: Annotated[dict[Name, Name], Meta(max_length=16)] | None = None
    """Comes back in `response.started`."""


class ToolResult(Message, tag="tool.result", kw_only=True):
    """The answer to a tool call."""

    call: Name
    output: Any = None
    """Any JSON; text is told to the model as it is."""
    error: str | None = None
    respond: bool = True


class HistoryGet(Message, tag="history.get"):
    """What is remembered?"""


class ItemCreate(Message, tag="item.create", kw_only=True):
    """Remember this."""

    item: NewItem
    after: Name | None = None
    """Id of the item before it; absent: at the end, empty: at the front."""


class ItemDelete(Message, tag="item.delete", kw_only=True):
    """Forget this."""

    item: Name


class Played(Struct):
    """A position in a stream."""

    stream: Count
    pos: Count


class Cancel(Message, tag="cancel"):
    """Stop a reply."""

    response: Name | None = None
    played: Played | None = None


class PlaybackReport(Message, tag="playback", kw_only=True):
    """What was rendered."""

    stream: Count
    pos: Count
    state: Literal["playing", "paused", "stopped", "drained", "underrun"] = "playing"


class Say(Message, tag="say", kw_only=True):
    """Speak this."""

    text: str
    voice: Name | None = None
    interruptible: bool = True


class Ping(Message, tag="ping"):
    """Measure the round trip."""

    t: float = 0


class Bye(Message, tag="bye"):
    """The end."""


ClientMessage = (
    Hello
    | ConfigUpdate
    | Text
    | Commit
    | Clear
    | Mute
    | Unmute
    | Respond
    | ToolResult
    | HistoryGet
    | ItemCreate
    | ItemDelete
    | Cancel
    | PlaybackReport
    | Say
    | Ping
    | Bye
)

_decoder = msgspec.json.Decoder(ClientMessage)
_encoder = msgspec.json.Encoder()


class MessageError(ValueError):
    """Text that is not a message; `code` and the message say why, `place` where: `$.mode`."""

    def __init__(self, code: ErrorCode, message: str, place: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.place = place


def decode(text: str) -> ClientMessage:
    """Parse one text message. Raises `MessageError`."""
    try:
        message: ClientMessage = _decoder.decode(text)
    except msgspec.ValidationError as error:
        unknown = str(error).endswith("`$.type`")
        code = ErrorCode.UNKNOWN_TYPE if unknown else ErrorCode.BAD_REQUEST
        place = str(error).rpartition(" - at ")[2].strip("`")
        raise MessageError(code, f"{_short(error)}.", place) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        sentence = f"The message is not valid JSON: {_short(error)}."
        raise MessageError(ErrorCode.BAD_REQUEST, sentence) from None
    return message


def _short(error: Exception) -> str:
    return str(error)[:200]


def encode(message: Mapping[str, object]) -> str:
    """Render one server message; half an emoji (a lone surrogate) is escaped, not refused."""
    return encode_value(message)


def encode_value(value: object) -> str:
    """Any JSON value as text."""
    try:
        return _encoder.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(value)
