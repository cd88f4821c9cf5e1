"""Vonage's WebSocket endpoint: binary 16-bit audio, and JSON beside it. Pure.

https://developer.vonage.com/en/voice/voice-api/guides/websockets. The `headers` of the endpoint in
the NCCO come as keys of the first message: `token`, `language` and so on. One binary message is one
frame of 20 ms. `notify` comes back when playback reaches it, `clear` empties the queue.
"""

from collections.abc import Mapping

import msgspec

from audio.formats import Codec, FormatError, encode
from voice_server.closes import ErrorCode
from voice_server.wires.phone import (
    CallEnded,
    CallerAudio,
    CallStarted,
    KeyPressed,
    Mark,
    MarkReached,
    Misunderstood,
    Order,
    Play,
    Signal,
)
from voice_server.wires.phone.far_end import FRAME_MS
from voice_server.wires.phone.media_json import decoded
from voice_server.wires.phone.policy import telephone_format

CONTENT_TYPE = "audio/l16;rate=16000"
"""If the first message does not say."""

_decoder = msgspec.json.Decoder(dict[str, object])


class Vonage:
    """One call's dialect."""

    peer = "vonage"
    can_pause = False

    def __init__(self) -> None:
        self._frame = 16_000 * FRAME_MS // 1000

    def read(self, message: str | bytes) -> list[Signal]:
        """What Vonage says."""
        if isinstance(message, bytes):
            return [CallerAudio(message)]
        found = decoded(_decoder, message)
        return [found] if isinstance(found, Misunderstood) else self._signals(found)

    def _signals(self, message: Mapping[str, object]) -> list[Signal]:
        match message.get("event"):
            case "websocket:connected":
                return [self._start(message)]
            case "websocket:dtmf":
                return [KeyPressed(str(message.get("digit", "")))]
            case "websocket:notify":
                return [MarkReached(_text(message.get("payload"), "mark"))]
            case "websocket:cleared":
                return []
            case "websocket:disconnected":
                return [CallEnded()]
            case other:
                reason = f"Vonage has no event {str(other)[:64]!r}."
                return [Misunderstood(reason, ErrorCode.UNKNOWN_TYPE)]

    def _start(self, message: Mapping[str, object]) -> Signal:
        codec, _, rate = _text(message, "content-type", CONTENT_TYPE).partition(";rate=")
        try:
            format = telephone_format(codec, int(rate))
        except FormatError as error:
            return Misunderstood(str(error), ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        except ValueError:
            reason = f"content-type must be like {CONTENT_TYPE}."
            return Misunderstood(reason, ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        self._frame = format.rate * FRAME_MS // 1000
        texts = {name: value for name, value in message.items() if isinstance(value, str)}
        return CallStarted(texts.get("uuid") or texts.get("call_uuid", ""), format, texts)

    def write(self, order: Order) -> list[str | bytes]:
        """What Vonage is told."""
        match order:
            case Play(samples):
                starts = range(0, len(samples), self._frame)
                return [
                    encode(samples[start : start + self._frame], Codec.PCM_S16LE)
                    for start in starts
                ]
            case Mark(name):
                return [_json({"action": "notify", "payload": {"mark": name}})]
            case "clear":
                return [_json({"action": "clear"})]
            case "pause" | "resume" | "hang_up":
                return []  # closing the connection ends the call's leg


def _text(value: object, key: str, default: str = "") -> str:
    """A text in what should be an object."""
    found = value.get(key, default) if isinstance(value, Mapping) else default
    return found if isinstance(found, str) else default


def _json(message: Mapping[str, object]) -> str:
    return msgspec.json.encode(message).decode()
