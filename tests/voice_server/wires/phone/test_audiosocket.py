"""AudioSocket's dialect: all its rates, frames of exactly 20 ms, and what is wrong with a UUID."""

import struct

import numpy as np
import pytest

from voice_server.wires.phone import CallerAudio, CallStarted, MarkReached, Misunderstood, Play
from voice_server.wires.phone.audiosocket import RATES, AudioSocket, frame_bytes, silence

pytestmark = pytest.mark.pure

NAMED = b"\x01\x00\x10" + bytes(range(16))


@pytest.mark.parametrize("kind", RATES)
def test_every_rate_is_spoken_both_ways(kind: int) -> None:
    socket = AudioSocket()
    assert socket.read(NAMED) == []
    call, audio = socket.read(silence(kind))
    assert isinstance(call, CallStarted)
    assert call.call == "00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert call.format.rate == min(RATES[kind], 48_000)
    assert isinstance(audio, CallerAudio)
    assert len(audio.data) == call.format.rate * 20 // 1000 * 2
    frames = socket.write(Play(np.ones(call.format.rate * 60 // 1000, np.int16)))
    assert len(frames) == 3
    for frame in frames:
        assert isinstance(frame, bytes)
        assert struct.unpack(">BH", frame[:3]) == (kind, frame_bytes(kind))
        assert frame[3:] == b"\x01\x00" * (frame_bytes(kind) // 2)


@pytest.mark.parametrize("length", [0, 15, 17, 36])
def test_a_uuid_of_the_wrong_size_ends_the_call(length: int) -> None:
    (problem,) = AudioSocket().read(struct.pack(">BH", 1, length) + bytes(length))
    assert isinstance(problem, Misunderstood)
    assert problem.fatal


@pytest.mark.parametrize(
    "frame", [silence(0x10), b"\x03\x00\x011", b"", b"\x10", b"\x10\x00\x04ab"]
)
def test_a_call_begins_with_its_uuid_and_frames_are_whole(frame: bytes) -> None:
    (problem,) = AudioSocket().read(frame)
    assert isinstance(problem, Misunderstood)
    assert problem.fatal


def test_a_call_has_one_uuid() -> None:
    socket = AudioSocket()
    socket.read(NAMED)
    (problem,) = socket.read(NAMED)
    assert isinstance(problem, Misunderstood)
    assert not problem.fatal


def test_marks_come_from_the_belt() -> None:
    assert AudioSocket().read("mark 1:2:3") == [MarkReached("1:2:3")]
