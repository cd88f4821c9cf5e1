"""Asterisk's AudioSocket: frames on a TCP connection, each of a type, a length and a payload. Pure.

https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/. It has no queue and no marks:
whoever sends owns the clock. The queue is on our side then (see `belt`), and what other peers are
told in messages it is told in words: `mark 7:3200:0`, `clear`, `pause`, `resume`. It answers with
`mark 7:3200:0` when everything before the mark was played.
"""

import struct
import uuid

import numpy as np

from audio import Samples
from audio.formats import RATE_MAX, AudioFormat, Codec, encode
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

HANGUP, UUID, DTMF, ERROR = 0x00, 0x01, 0x03, 0xFF

RATES = {
    0x10: 8_000,
    0x11: 12_000,
    0x12: 16_000,
    0x13: 24_000,
    0x14: 32_000,
    0x15: 44_100,
    0x16: 48_000,
    0x17: 96_000,
    0x18: 192_000,
}
"""Types of audio frames, and their hertz."""

HEADER = struct.Struct(">BH")
UUID_BYTES = 16

ERRORS = {1: "the caller has hung up", 2: "a frame could not be forwarded", 4: "it has no memory"}
"""What Asterisk's error codes mean."""


class AudioSocket:
    """One connection's dialect."""

    peer = "audiosocket"
    can_pause = True

    def __init__(self) -> None:
        self._call: str | None = None
        self._kind: int | None = None

    # From Asterisk ---------------------------------------------------------------------------

    def read(self, message: str | bytes) -> list[Signal]:
        """What one whole frame says, or a word of the belt's."""
        if isinstance(message, str):
            return [MarkReached(message.removeprefix("mark "))]
        if len(message) < HEADER.size:
            return [_fatal("A frame has three bytes at least.")]
        kind, length = HEADER.unpack_from(message)
        payload = message[HEADER.size :]
        if len(payload) != length:
            return [_fatal("A frame is not as long as it says.")]
        return self._signals(kind, payload)

    def _signals(self, kind: int, payload: bytes) -> list[Signal]:
        if kind == HANGUP:
            return [CallEnded()]
        if kind == ERROR:
            code = int.from_bytes(payload[:8], "big")
            return [
                Misunderstood(f"Asterisk says: {ERRORS.get(code, f'error {code}')}."),
                CallEnded(),
            ]
        if kind == UUID:
            return self._name(payload)
        if self._call is None:
            return [_fatal("The first frame must be the call's UUID.")]
        if kind == DTMF:
            return [KeyPressed(payload.decode("latin-1"))]
        if kind in RATES:
            return self._hear(kind, payload)
        return [Misunderstood(f"There is no frame type {kind:#04x}.", ErrorCode.UNKNOWN_TYPE)]

    def _name(self, payload: bytes) -> list[Signal]:
        if len(payload) != UUID_BYTES:
            return [_fatal(f"A UUID has {UUID_BYTES} bytes, not {len(payload)}.")]
        if self._call is not None:
            return [Misunderstood("The call has its UUID already.")]
        self._call = str(uuid.UUID(bytes=payload))
        return []

    def _hear(self, kind: int, payload: bytes) -> list[Signal]:
        signals: list[Signal] = []
        if self._kind is None:
            self._kind = kind
            format = AudioFormat(Codec.PCM_S16LE, RATES[kind] // _wide(kind))
            signals.append(CallStarted(self._call or "", format))
        if kind != self._kind:
            return [Misunderstood("The rate may not change in a call.", ErrorCode.BAD_AUDIO)]
        if len(payload) % (2 * _wide(kind)):
            return [*signals, Misunderstood("A sample has 16 bits.", ErrorCode.BAD_AUDIO)]
        return [*signals, CallerAudio(_narrowed(payload, _wide(kind)))]

    # To Asterisk -----------------------------------------------------------------------------

    def write(self, order: Order) -> list[str | bytes]:
        """Frames for the belt, and words to it."""
        match order:
            case Play(samples):
                return self._frames(samples)
            case Mark(name):
                return [f"mark {name}"]
            case "hang_up":
                return [HEADER.pack(HANGUP, 0)]
            case "clear" | "pause" | "resume":
                return [order]

    def _frames(self, samples: Samples) -> list[str | bytes]:
        kind = self._kind or min(RATES)
        data = encode(np.repeat(samples, _wide(kind)), Codec.PCM_S16LE)
        size = frame_bytes(kind)
        pieces = (data[start : start + size] for start in range(0, len(data), size))
        return [HEADER.pack(kind, len(piece)) + piece for piece in pieces]


def frame_bytes(kind: int) -> int:
    """The payload of one frame of 20 ms."""
    return RATES[kind] * FRAME_MS // 1000 * 2


def silence(kind: int) -> bytes:
    """A frame of 20 ms in which nothing is said."""
    return HEADER.pack(kind, frame_bytes(kind)) + bytes(frame_bytes(kind))


def _wide(kind: int) -> int:
    """How many times faster than our highest rate; what lies above it nobody hears."""
    return max(1, RATES[kind] // RATE_MAX)


def _narrowed(data: bytes, times: int) -> bytes:
    if times == 1:
        return data
    samples = np.frombuffer(data, dtype="<i2").reshape(-1, times)
    return encode(samples.mean(axis=1).astype(np.int16), Codec.PCM_S16LE)


def _fatal(message: str) -> Misunderstood:
    return Misunderstood(message, ErrorCode.BAD_FRAME, fatal=True)
