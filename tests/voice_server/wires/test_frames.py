"""The binary frame survives the wire, is laid out as documented, and refuses everything else."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.wires.frames import (
    HEADER,
    MODULUS,
    Flags,
    Frame,
    FrameError,
    Kind,
    distance,
    unpack,
)

pytestmark = pytest.mark.pure

u16, u32 = st.integers(0, (1 << 16) - 1), st.integers(0, MODULUS - 1)
flags = st.integers(0, 0x1F).map(Flags)
frames = st.builds(
    Frame,
    kind=st.sampled_from(Kind),
    flags=flags,
    stream=u16,
    seq=u32,
    pos=u32,
    t=u32,
    payload=st.binary(max_size=64),
)


@given(frames)
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    assert unpack(frame.pack()) == frame


@given(st.binary(max_size=64) | frames.map(Frame.pack))
def test_bytes_are_a_frame_or_refused(data: bytes) -> None:
    try:
        frame = unpack(data)
    except FrameError:
        return
    assert frame.pack() == data


def test_the_layout_is_the_protocol() -> None:
    frame = Frame(Kind.OUTPUT, Flags.START | Flags.END, 0x0102, 3, 4, 5, b"\xaa\xbb")
    assert frame.pack() == bytes(
        (
            *(0x12, 0x03),  # version 1, kind 2; START and END
            *(0x02, 0x01),  # stream
            *(3, 0, 0, 0),  # seq
            *(4, 0, 0, 0),  # pos
            *(5, 0, 0, 0),  # t
            *(0xAA, 0xBB),
        )
    )


def test_counters_wrap() -> None:
    frame = unpack(Frame(Kind.OUTPUT, Flags.NONE, 65_537, MODULUS + 2, MODULUS + 3, -1, b"").pack())
    assert (frame.stream, frame.seq, frame.pos, frame.t) == (1, 2, 3, MODULUS - 1)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "header of 16 bytes; got 0"),
        (bytes(15), "header of 16 bytes; got 15"),
        (bytes(16), "frame version 0 is not known"),
        (bytes((0x21, *bytes(15))), "frame version 2 is not known"),
        (bytes((0x10, *bytes(15))), "frame kind 0 is not known"),
        (bytes((0x13, *bytes(15))), "frame kind 3 is not known"),
        (bytes((0x11, 0x20, *bytes(14))), "frame flags 0x20 are not known"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, complaint: str) -> None:
    with pytest.raises(FrameError, match=complaint):
        unpack(data)


def test_the_smallest_frame_is_a_header() -> None:
    assert unpack(struct.pack("<BBHIII", 0x11, 0, 0, 0, 0, 0)).payload == b""
    assert HEADER.size == 16


@given(u32, st.integers(-(MODULUS // 2), MODULUS // 2 - 1))
def test_the_distance_is_the_way_that_was_gone(start: int, way: int) -> None:
    assert distance(start, (start + way) % MODULUS) == way
    assert distance(start, start + way) == way


@pytest.mark.parametrize(
    ("start", "end", "way"),
    [(MODULUS - 1, 0, 1), (0, MODULUS - 1, -1), (5, 5, 0), (0, MODULUS // 2, -(MODULUS // 2))],
)
def test_distances_over_the_edge(start: int, end: int, way: int) -> None:
    assert distance(start, end) == way


def test_audio_is_not_shown() -> None:
    assert "secret" not in repr(Frame(Kind.INPUT, Flags.NONE, 0, 0, 0, 0, b"secret"))
