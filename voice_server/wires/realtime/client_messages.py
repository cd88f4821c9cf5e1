"""The events a client may send, as typed structs: decoded and validated by msgspec at once.

Unknown fields are ignored, so that newer clients can talk to older servers. Unknown types and wrong
values are refused by name, with the `event_id` of the message, because clients wait for it.
"""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from voice_server.wires.realtime.errors import Json, RefusalError, invalid, missing
from voice_server.wires.realtime.items import ClientItem
from voice_server.wires.realtime.session_object import MaxTokens, Modality, ToolChoice, ToolSpec

Name = Annotated[str, Meta(max_length=512)]
ItemId = Annotated[str, Meta(min_length=1, max_length=128)]
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
METADATA_MAX = 16
Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]],
    Meta(max_length=METADATA_MAX),
]


class ClientMessage(Struct, tag_field="type", kw_only=True):
    """Any message."""

    event_id: Name | None = None


class SessionUpdate(ClientMessage, tag="session.update"):
    """Changes the session; see `session_merge`."""

    session: dict[str, Any]


class AudioAppend(ClientMessage, tag="input_audio_buffer.append"):
    """Microphone audio, base64 on the wire, cut anywhere."""

    audio: bytes


class AudioCommit(ClientMessage, tag="input_audio_buffer.commit"):
    """The user's turn ends here."""


class AudioClear(ClientMessage, tag="input_audio_buffer.clear"):
    """Forget what was not committed."""


class ItemCreate(ClientMessage, tag="conversation.item.create"):
    """Something enters the conversation without being said."""

    item: ClientItem
    previous_item_id: str | None = None


class ItemRetrieve(ClientMessage, tag="conversation.item.retrieve"):
    """Show an item."""

    item_id: ItemId


class ItemDelete(ClientMessage, tag="conversation.item.delete"):
    """Remove an item."""

    item_id: ItemId


class ItemTruncate(ClientMessage, tag="conversation.item.truncate"):
    """The client played an answer only so far."""

    item_id: ItemId
    audio_end_ms: Count
    content_index: Count = 0


class OutputAudio(Struct):
    """How one response shall sound."""

    voice: str | dict[str, Any] | None = None


class Audio(Struct):
    """As in the session."""

    output: OutputAudio | None = None


class ResponseParams(Struct):
    """What shall be different for one response; None: as in the session."""

    conversation: Literal["auto", "none"] | None = None
    input: list[ClientItem] | None = None
    instructions: str | None = None
    output_modalities: list[Modality] | None = None
    audio: Audio | None = None
    tools: list[ToolSpec] | None = None
    tool_choice: ToolChoice | None = None
    max_output_tokens: MaxTokens | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    metadata: Metadata | None = None


class ResponseCreate(ClientMessage, tag="response.create"):
    """Answer now."""

    response: ResponseParams | None = None


class ResponseCancel(ClientMessage, tag="response.cancel"):
    """Stop answering."""

    response_id: str | None = None


class OutputAudioClear(ClientMessage, tag="output_audio_buffer.clear"):
    """For other transports: on a WebSocket the client holds the audio itself."""


AnyMessage = (
    SessionUpdate
    | AudioAppend
    | AudioCommit
    | AudioClear
    | ItemCreate
    | ItemRetrieve
    | ItemDelete
    | ItemTruncate
    | ResponseCreate
    | ResponseCancel
    | OutputAudioClear
)

_decoder = msgspec.json.Decoder(AnyMessage)

_PLACE = re.compile(r" - at `\$\.?(?P<place>[^`]*)`$")
_MISSING = re.compile(r"missing required field `(?P<name>\w+)`")


def decode(text: str) -> AnyMessage:
    """Parse one message. Raises `RefusalError`."""
    try:
        message: AnyMessage = _decoder.decode(text)
    except msgspec.ValidationError as error:
        fields = parse(text)
        raise refusal(error, fields.get("type"), fields.get("event_id")) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _not_json() from None
    return message


def convert(message: Json) -> AnyMessage:
    """The same for JSON that is parsed already. Raises `RefusalError`."""
    try:
        found: AnyMessage = msgspec.convert(message, AnyMessage)
    except msgspec.ValidationError as error:
        raise refusal(error, message.get("type"), message.get("event_id")) from None
    return found


def parse(text: str) -> Json:
    """Any JSON object. Raises `RefusalError`."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise _not_json() from None


def refusal(
    error: msgspec.ValidationError, type: object, event_id: object, prefix: str = ""
) -> RefusalError:
    """What msgspec found wrong, in OpenAI's words; `prefix` is where in the message it looked."""
    text = str(error)
    found = _PLACE.search(text)
    place = prefix + (found["place"] if found else "")
    if place == "type":
        kind = str(type)[:80]
        wrong = RefusalError("invalid_event", f"There is no client event {kind!r}.", param="type")
    elif absent := _MISSING.search(text):
        wrong = missing(f"{place}.{absent['name']}".lstrip("."))
    else:
        sentence = _PLACE.sub("", text)[:200]
        wrong = invalid(place, f"Invalid value: '{place}'. {sentence}.")
    wrong.event_id = event_id[:512] if isinstance(event_id, str) else None
    return wrong


def _not_json() -> RefusalError:
    return RefusalError("invalid_event", "The message is not a JSON object.")
