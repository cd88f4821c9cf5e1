"""Looks at the headers of a client's WebSocket frames before the parser sees them. Pure.

aiohttp's reader serves clients too, and is as patient as browsers need it to be: it takes frames
without a mask, messages in endless crumbs, close codes that nobody may send. Here the server's side
of RFC 6455 is kept to the letter. What breaks it is replaced by a header that every reader has to
refuse with the right code, so that a connection fails in one way only: the reader's own.
"""

from enum import Enum
from typing import NamedTuple

from voice_server.intake import TokenBucket

CONTROL_BURST_S = 10.0
"""Control frames may come in bursts of this many seconds' worth."""
FRAMES_BURST_S = 4.0
"""The same, of all frames: what a network held back comes at once."""

_RESERVED_BITS = b"\xf0\x80"
"""No extension is ever negotiated, so this fails with 1002 (RFC 6455, 5.2)."""
_ENDLESS = b"\x7f" + b"\xff" * 7
"""A payload's length that is beyond every limit, so this fails with 1009."""

_FIN, _CONTROL, _OPCODE = 0x80, 0x08, 0x0F
_MASKED, _LENGTH = 0x80, 0x7F
_CONTINUATION, _CLOSE, _PING, _PONG = 0x0, 0x8, 0x9, 0xA
_MASK_BYTES = 4
_CODE_BYTES = 2


class Fault(Enum):
    """What a client may not send, and the bytes that the reader gets instead."""

    UNMASKED = ("unmasked", _RESERVED_BITS)
    """RFC 6455, 5.1: a server must close when a frame is not masked."""
    LENGTH = ("length", _RESERVED_BITS)
    """5.2: the shortest form of a length is the only one."""
    ORDER = ("order", _RESERVED_BITS)
    """5.4: a message begins where the one before has ended, and goes on where one has begun."""
    CLOSE_CODE = ("close_code", _RESERVED_BITS)
    """7.4: codes that no endpoint may send, or that nobody has defined."""
    FRAGMENTS = ("fragments", b"\x80\xff" + _ENDLESS)
    """A message in more pieces than are allowed."""
    CONTROL_FRAMES = ("control_frames", b"")
    """Pings faster than allowed: a limit of ours, which the reader knows nothing of."""
    FRAMES = ("frames", b"")
    """Frames of any kind faster than allowed: to look at them all would keep everybody waiting."""

    def __init__(self, label: str, instead: bytes) -> None:
        self.label = label
        self.instead = instead


class FrameHeader(NamedTuple):
    """The header of one frame, and of a close frame its code too."""

    bytes: int
    """Of the header, with the mask."""
    first: int
    masked: bool
    short_length: int
    """The 7 bits: 126 and 127 announce a longer form."""
    payload_bytes: int
    close_code: int | None = None

    @property
    def shortest(self) -> bool:
        """Whether the length is in its shortest form."""
        if self.short_length == 127:
            return self.payload_bytes > 0xFFFF
        return self.short_length != 126 or self.payload_bytes > 125


class FrameCheck:
    """The frames of one connection, from the upgrade on."""

    def __init__(
        self, fragments_max: int, control_frames: TokenBucket, frames: TokenBucket
    ) -> None:
        self.fault: Fault | None = None
        """Why nothing passes any more."""
        self._fragments_max = fragments_max
        self._control_frames = control_frames
        self._frames = frames
        self._fragments = 0
        """Frames of the message that has begun and not ended; 0 between messages."""
        self._payload_left = 0
        self._held = b""
        """A header that has not come whole."""

    def admit(self, data: bytes, now: float) -> bytes:
        """What the reader may see, now that `data` came. Seconds of any clock."""
        if self.fault is not None:
            return b""
        data, self._held = self._held + data, b""
        at = self._skipped(data, 0)
        while not self._payload_left and (header := parsed(data, at)):
            self.fault = self._judged(header, now)
            if self.fault is not None:
                return data[:at] + self.fault.instead
            self._payload_left = header.payload_bytes
            at = self._skipped(data, at + header.bytes)
        self._held = data[at:]
        return data[:at]

    def _skipped(self, data: bytes, at: int) -> int:
        """The place behind as much of the payload as there is."""
        step = min(self._payload_left, len(data) - at)
        self._payload_left -= step
        return at + step

    def _judged(self, header: FrameHeader, now: float) -> Fault | None:
        if self._frames.take(1, now):
            return Fault.FRAMES
        if not header.masked:
            return Fault.UNMASKED
        if not header.shortest:
            return Fault.LENGTH
        opcode = header.first & _OPCODE
        if opcode & _CONTROL:
            return self._judged_control(opcode, header.close_code, now)
        return self._judged_data(opcode, bool(header.first & _FIN))

    def _judged_control(self, opcode: int, code: int | None, now: float) -> Fault | None:
        if code is not None and not may_be_sent(code):
            return Fault.CLOSE_CODE
        if opcode in (_PING, _PONG) and self._control_frames.take(1, now):
            return Fault.CONTROL_FRAMES
        return None

    def _judged_data(self, opcode: int, last: bool) -> Fault | None:
        if (opcode == _CONTINUATION) != bool(self._fragments):
            return Fault.ORDER
        self._fragments = 0 if last else self._fragments + 1
        return Fault.FRAGMENTS if self._fragments > self._fragments_max else None


def may_be_sent(close_code: int) -> bool:
    """Whether a close frame may carry this code (RFC 6455, 7.4, and its registry)."""
    if close_code in (1004, 1005, 1006):
        return False
    return 1000 <= close_code <= 1014 or 3000 <= close_code <= 4999


def parsed(data: bytes, at: int) -> FrameHeader | None:
    """The header that begins at `at`; None if not all of it is there."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    short = second & _LENGTH
    extended_bytes = {126: 2, 127: 8}.get(short, 0)
    mask_bytes = _MASK_BYTES if second & _MASKED else 0
    size = 2 + extended_bytes + mask_bytes
    has_code = first & _OPCODE == _CLOSE and short >= _CODE_BYTES and mask_bytes
    if len(data) < at + size + (_CODE_BYTES if has_code else 0):
        return None
    length = int.from_bytes(data[at + 2 : at + 2 + extended_bytes], "big")
    code = _close_code(data[at + size - _MASK_BYTES : at + size + 2]) if has_code else None
    return FrameHeader(
        size, first, bool(mask_bytes), short, length if extended_bytes else short, code
    )


def _close_code(masked: bytes) -> int:
    """From the mask and the two bytes behind it (RFC 6455, 5.3)."""
    return (masked[0] ^ masked[4]) << 8 | (masked[1] ^ masked[5])
