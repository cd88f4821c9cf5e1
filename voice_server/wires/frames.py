"""The binary frame of `voice.v1`: a 16-byte little-endian header and audio.

offset  type  field
0       u8    version (high nibble, 1) and kind (low nibble: 1 input, 2 output)
1       u8    flags
2       u16   stream
4       u32   seq: input: frame counter; output: the session's event counter
8       u32   pos: index of the first sample, modulo 2^32
12      u32   t: sender's monotonic milliseconds, modulo 2^32
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag

HEADER = struct.Struct("<BBHIII")
VERSION = 1
MODULUS = 1 << 32


class Kind(IntEnum):
    """Which way the audio goes."""

    INPUT = 1
    OUTPUT = 2


class Flags(IntFlag):
    """What is special about a frame."""

    NONE = 0
    START = 0x01
    END = 0x02
    GAP = 0x04
    """Samples before `pos` are missing."""
    SILENCE = 0x08
    """The payload is a u32 count of silent samples instead of audio."""
    REPLAY = 0x10


class FrameError(ValueError):
    """Bytes that are not a frame; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One binary message."""

    kind: Kind
    flags: Flags
    stream: int
    seq: int
    pos: int
    t: int
    payload: bytes = field(repr=False)

    def pack(self) -> bytes:
        """Header and payload; counters wrap."""
        header = HEADER.pack(
            VERSION << 4 | self.kind,
            self.flags,
            self.stream % (1 << 16),
            self.seq % MODULUS,
            self.pos % MODULUS,
            self.t % MODULUS,
        )
        return header + self.payload


def unpack(data: bytes) -> Frame:
    """Parse one message. Raises `FrameError`."""
    if len(data) < HEADER.size:
        raise FrameError(f"a frame begins with a header of {HEADER.size} bytes; got {len(data)}")
    vk, flags, stream, seq, pos, t = HEADER.unpack_from(data)
    if vk >> 4 != VERSION:
        raise FrameError(f"frame version {vk >> 4} is not known; this is version {VERSION}")
    if vk & 0x0F not in (Kind.INPUT, Kind.OUTPUT):
        raise FrameError(f"frame kind {vk & 0x0F} is not known; 1 is input, 2 is output")
    if flags > sum(Flags):
        raise FrameError(f"frame flags {flags:#x} are not known")
    return Frame(Kind(vk & 0x0F), Flags(flags), stream, seq, pos, t, data[HEADER.size :])


def distance(from_pos: int, to_pos: int) -> int:
    """How far `to_pos` is ahead (negative: behind), both modulo 2^32."""
    ahead = (to_pos - from_pos) % MODULUS
    return ahead if ahead < MODULUS // 2 else ahead - MODULUS
