"""What Twilio's and Telnyx' media streams have in common: JSON with audio in Base64. Pure.

Telnyx speaks Twilio's protocol in snake case. Numbers may come as strings; they are counts and
milliseconds that fit in 53 bits.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from audio.formats import Codec, encode
from voice_server.closes import ErrorCode
from voice_server.wires.phone import CallerAudio, Mark, Misunderstood, Order, Play, Signal

PAYLOAD_CHARS_MAX = 16_000
"""Of Base64 in one message: more than a second of any format."""

COUNT_DIGITS_MAX = 15

Name = Annotated[str, Meta(max_length=256)]
Payload = Annotated[str, Meta(max_length=PAYLOAD_CHARS_MAX)]
Count = int | Annotated[str, Meta(max_length=COUNT_DIGITS_MAX)] | None
Parameters = Annotated[dict[Name, str | int | float | bool | None], Meta(max_length=64)]

MessageT = TypeVar("MessageT")


class Media(Struct):
    """A piece of the call's audio."""

    payload: Payload
    track: Name = "inbound"
    chunk: Count = None
    timestamp: Count = None


class MarkName(Struct):
    """A mark of ours that was reached."""

    name: Name = ""


class Digit(Struct):
    """A key."""

    digit: Name


def decoded(decoder: msgspec.json.Decoder[MessageT], text: str) -> MessageT | Misunderstood:
    """One message, or why it is none."""
    try:
        return decoder.decode(text)
    except msgspec.ValidationError as error:
        unknown = str(error).endswith("`$.event`")
        code = ErrorCode.UNKNOWN_TYPE if unknown else ErrorCode.BAD_REQUEST
        return Misunderstood(f"{str(error)[:200]}.", code)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Misunderstood(f"The message is not valid JSON: {str(error)[:200]}.")


def heard(media: Media) -> list[Signal]:
    """The caller's audio; what we say ourselves may come back on another track."""
    if not media.track.startswith("inbound"):
        return []
    try:
        data = base64.b64decode(media.payload, validate=True)
    except (binascii.Error, ValueError):
        return [Misunderstood("media.payload is not Base64.", ErrorCode.BAD_AUDIO)]
    return [CallerAudio(data, _count(media.chunk), _count(media.timestamp))]


def _count(value: int | str | None) -> int | None:
    """A number in either spelling; None if it is none."""
    text = str(value)
    plain = text.isascii() and text.isdecimal() and len(text) <= COUNT_DIGITS_MAX
    return int(text) if plain else None


def written(order: Order, codec: Codec, **head: str) -> list[str | bytes]:
    """An order as a message; `head` goes into every one."""
    match order:
        case Play(samples):
            payload = base64.b64encode(encode(samples, codec)).decode()
            return [_json("media", head, media={"payload": payload})]
        case Mark(name):
            return [_json("mark", head, mark={"name": name})]
        case "clear":
            return [_json("clear", head)]
        case "pause" | "resume" | "hang_up":
            return []  # closing the connection ends the stream


def _json(event: str, head: Mapping[str, str], **body: object) -> str:
    return msgspec.json.encode({"event": event, **head, **body}).decode()


def plain(parameters: Parameters) -> dict[str, str]:
    """Parameters of a call, all of them text."""
    return {name: str(value) for name, value in parameters.items() if value is not None}
