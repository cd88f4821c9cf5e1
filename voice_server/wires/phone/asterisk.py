"""Asterisk's chan_websocket: raw audio in binary messages, control in text. Pure.

https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/. Asterisk frames and times our
audio, and can hold its queue still: two-phase barge-in is PAUSE_MEDIA, then FLUSH_MEDIA or
CONTINUE_MEDIA. Control is JSON (`f(json)` in the dial string) or plain words; the first message
tells which. Asterisk drops what does not fill a frame, and hangs up at messages over 65,500 bytes.
"""

from collections.abc import Mapping

import msgspec

from audio.formats import Codec, FormatError, encode
from voice_server.closes import ErrorCode
from voice_server.wires.phone import (
    CallEnded,
    CallerAudio,
    CallStarted,
    FlowChanged,
    KeyPressed,
    Mark,
    MarkReached,
    Misunderstood,
    Order,
    Play,
    Signal,
)
from voice_server.wires.phone.media_json import decoded
from voice_server.wires.phone.policy import telephone_format

SLIN_RATES = {
    "slin": 8_000,
    "slin12": 12_000,
    "slin16": 16_000,
    "slin24": 24_000,
    "slin32": 32_000,
    "slin44": 44_100,
    "slin48": 48_000,
}
"""Asterisk's names for 16-bit linear audio, in this machine's byte order: little endian."""

VARIABLE_PREFIX = "VOICE_"
"""A channel variable `VOICE_LANGUAGE` is the call's parameter `language`."""

COMMANDS = {
    "clear": ("FLUSH_MEDIA",),
    "pause": ("PAUSE_MEDIA",),
    "resume": ("CONTINUE_MEDIA",),
    "hang_up": ("HANGUP",),
}

_decoder = msgspec.json.Decoder(dict[str, object])


class Asterisk:
    """One channel's dialect."""

    peer = "asterisk"
    can_pause = True

    def __init__(self, parameters: Mapping[str, str]) -> None:
        """`parameters` are those of the URL: `v(language=de)` in the dial string."""
        self._parameters = parameters
        self._codec = Codec.PCM_S16LE
        self._json: bool | None = None

    # From Asterisk ---------------------------------------------------------------------------

    def read(self, message: str | bytes) -> list[Signal]:
        """What Asterisk says."""
        if isinstance(message, bytes):
            return [CallerAudio(message)]
        if self._json is None:
            self._json = message.lstrip().startswith("{")
        if not self._json:
            return self._signals(_plain(message))
        found = decoded(_decoder, message)
        return [found] if isinstance(found, Misunderstood) else self._signals(found)

    def _signals(self, event: Mapping[str, object]) -> list[Signal]:
        match event.get("event"):
            case "MEDIA_START":
                return [self._start(event)]
            case "DTMF_END":
                return [KeyPressed(str(event.get("digit", "")))]
            case "MEDIA_XOFF":
                return [FlowChanged(open=False)]
            case "MEDIA_XON":
                return [FlowChanged(open=True)]
            case "MEDIA_MARK_PROCESSED":
                return [MarkReached(str(event.get("correlation_id", "")))]
            case "ERROR":
                text = str(event.get("error_text", ""))[:200]
                return [Misunderstood(f"Asterisk complains: {text}.")]
            case "STATUS" | "QUEUE_DRAINED" | "MEDIA_BUFFERING_COMPLETED":
                return []
            case "HANGUP":
                return [CallEnded()]
            case other:
                reason = f"Asterisk has no event {str(other)[:64]!r}."
                return [Misunderstood(reason, ErrorCode.UNKNOWN_TYPE)]

    def _start(self, event: Mapping[str, object]) -> Signal:
        name = str(event.get("format", "slin16"))
        try:
            codec = "l16" if name in SLIN_RATES else name
            format = telephone_format(codec, SLIN_RATES.get(name, 8_000))
        except FormatError:
            reason = f"The format {name[:32]!r} is not accepted: dial with c(slin16) or c(ulaw)."
            return Misunderstood(reason, ErrorCode.UNSUPPORTED_FORMAT, fatal=True)
        self._codec = format.codec
        call = str(event.get("channel_id") or event.get("connection_id", ""))
        return CallStarted(call, format, {**self._parameters, **_variables(event)})

    # To Asterisk -----------------------------------------------------------------------------

    def write(self, order: Order) -> list[str | bytes]:
        """What Asterisk is told."""
        match order:
            case Play(samples):
                return [encode(samples, self._codec)]
            case Mark(name):
                return [self._command("MARK_MEDIA", name)]
            case "clear" | "pause" | "resume" | "hang_up":
                return [self._command(command) for command in COMMANDS[order]]

    def _command(self, name: str, id: str = "") -> str:
        if not self._json:
            return f"{name} {id}".strip()
        marked = {"correlation_id": id} if id else {}
        return msgspec.json.encode({"command": name, **marked}).decode()


def _plain(message: str) -> dict[str, object]:
    """`NAME key:value key:value`; a word without a colon is the id of a mark."""
    name, *words = message.split() or [""]
    event: dict[str, object] = {"event": name}
    for word in words:
        key, colon, value = word.partition(":")
        if colon and key.isidentifier():
            event[key] = value
        else:
            event["correlation_id"] = word
    return event


def _variables(event: Mapping[str, object]) -> dict[str, str]:
    """Channel variables meant for us."""
    variables = event.get("channel_variables")
    if not isinstance(variables, Mapping):
        return {}
    return {
        name.removeprefix(VARIABLE_PREFIX).lower(): value
        for name, value in variables.items()
        if isinstance(name, str) and name.startswith(VARIABLE_PREFIX) and isinstance(value, str)
    }
