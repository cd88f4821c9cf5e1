"""Twilio Media Streams: JSON text on a WebSocket that Twilio opens to us. Pure.

https://www.twilio.com/docs/voice/media-streams/websocket-messages. µ-law at 8 kHz. Closing
the connection hands the call back to the TwiML after `<Connect>`, which usually ends it.
"""

from typing import assert_never

import msgspec
from msgspec import Struct

from audio.formats import Codec, FormatError
from voice_server.closes import ErrorCode
from voice_server.wires.phone import (
    CallEnded,
    CallStarted,
    KeyPressed,
    MarkReached,
    Misunderstood,
    Order,
    Signal,
)
from voice_server.wires.phone.media_json import (
    Digit,
    MarkName,
    Media,
    Name,
    Parameters,
    decoded,
    heard,
    plain,
    written,
)
from voice_server.wires.phone.policy import telephone_format


class _Camel(Struct, rename="camel", tag_field="event"):
    """Twilio's spelling."""


class _MediaFormat(Struct, rename="camel"):
    encoding: Name = "audio/x-mulaw"
    sample_rate: int = 8000


class _Call(Struct, rename="camel"):
    stream_sid: Name
    call_sid: Name = ""
    media_format: _MediaFormat = msgspec.field(default_factory=_MediaFormat)
    custom_parameters: Parameters = {}


class _Connected(_Camel, tag="connected"):
    protocol: Name = ""


class _Start(_Camel, tag="start"):
    start: _Call


class _Media(_Camel, tag="media"):
    media: Media


class _Mark(_Camel, tag="mark"):
    mark: MarkName


class _Dtmf(_Camel, tag="dtmf"):
    dtmf: Digit


class _Stop(_Camel, tag="stop"):
    pass


_Message = _Connected | _Start | _Media | _Mark | _Dtmf | _Stop
_decoder: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)


class Twilio:
    """One stream's dialect."""

    peer = "twilio"
    can_pause = False

    def __init__(self) -> None:
        self._stream_sid = ""

    def read(self, message: str | bytes) -> list[Signal]:
        """What Twilio says."""
        if isinstance(message, bytes):
            return [Misunderstood("Twilio's messages are text.")]
        found = decoded(_decoder, message)
        return [found] if isinstance(found, Misunderstood) else self._signals(found)

    def _signals(self, message: _Message) -> list[Signal]:
        match message:
            case _Connected():
                return []
            case _Start(start=call):
                return [self._start(call)]
            case _Media(media=media):
                return heard(media)
            case _Mark(mark=mark):
                return [MarkReached(mark.name)]
            case _Dtmf(dtmf=dtmf):
                return [KeyPressed(dtmf.digit)]
            case _Stop():
                return [CallEnded()]
            case _:
                assert_never(message)

    def _start(self, call: _Call) -> Signal:
        told = call.media_format
        try:
            format = telephone_format(told.encoding, told.sample_rate)
        except FormatError as error:
            return Misunderstood(str(error), ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        if format.codec is not Codec.PCMU:
            reason = "Twilio's streams are µ-law at 8000 Hz."
            return Misunderstood(reason, ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        self._stream_sid = call.stream_sid
        return CallStarted(call.call_sid or call.stream_sid, format, plain(call.custom_parameters))

    def write(self, order: Order) -> list[str | bytes]:
        """What Twilio is told."""
        return written(order, Codec.PCMU, streamSid=self._stream_sid)
