"""Telnyx media streaming: Twilio's protocol in snake case, more codecs, order not promised. Pure.

https://developers.telnyx.com/docs/voice/programmable-voice/media-streaming. Our audio goes back in
the format of theirs, so the call has to be set up with `stream_bidirectional_mode` `rtp` and a
`stream_bidirectional_codec` equal to `stream_codec`: PCMU, PCMA or L16.
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


class _Tagged(Struct, tag_field="event"):
    """Telnyx' spelling."""


class _MediaFormat(Struct):
    encoding: Name = "PCMU"
    sample_rate: int = 8000


class _Call(Struct):
    call_control_id: Name = ""
    media_format: _MediaFormat = msgspec.field(default_factory=_MediaFormat)
    custom_parameters: Parameters = {}


class _Problem(Struct):
    title: Name = ""


class _Connected(_Tagged, tag="connected"):
    version: Name = ""


class _Start(_Tagged, tag="start"):
    start: _Call
    stream_id: Name = ""


class _Media(_Tagged, tag="media"):
    media: Media


class _Mark(_Tagged, tag="mark"):
    mark: MarkName


class _Dtmf(_Tagged, tag="dtmf"):
    dtmf: Digit


class _Error(_Tagged, tag="error"):
    payload: _Problem = msgspec.field(default_factory=_Problem)


class _Stop(_Tagged, tag="stop"):
    pass


_Message = _Connected | _Start | _Media | _Mark | _Dtmf | _Error | _Stop
_decoder: msgspec.json.Decoder[_Message] = msgspec.json.Decoder(_Message)


class Telnyx:
    """One stream's dialect."""

    peer = "telnyx"
    can_pause = False

    def __init__(self) -> None:
        self._codec = Codec.PCMU

    def read(self, message: str | bytes) -> list[Signal]:
        """What Telnyx says."""
        if isinstance(message, bytes):
            return [Misunderstood("Telnyx' messages are text.")]
        found = decoded(_decoder, message)
        return [found] if isinstance(found, Misunderstood) else self._signals(found)

    def _signals(self, message: _Message) -> list[Signal]:
        match message:
            case _Connected():
                return []
            case _Start(start=call, stream_id=stream):
                return [self._start(call, stream)]
            case _Media(media=media):
                return heard(media)
            case _Mark(mark=mark):
                return [MarkReached(mark.name)]
            case _Dtmf(dtmf=dtmf):
                return [KeyPressed(dtmf.digit)]
            case _Error(payload=problem):
                return [Misunderstood(f"Telnyx complains: {problem.title}.")]
            case _Stop():
                return [CallEnded()]
            case _:
                assert_never(message)

    def _start(self, call: _Call, stream: str) -> Signal:
        told = call.media_format
        try:
            format = telephone_format(told.encoding, told.sample_rate)
        except FormatError as error:
            return Misunderstood(str(error), ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        self._codec = format.codec
        parameters = plain(call.custom_parameters)
        return CallStarted(call.call_control_id or stream, format, parameters)

    def write(self, order: Order) -> list[str | bytes]:
        """What Telnyx is told."""
        return written(order, self._codec)
