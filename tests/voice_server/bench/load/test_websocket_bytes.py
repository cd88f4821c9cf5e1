"""The generator's WebSocket: what it writes is understood, what it reads may come in any pieces."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.bench.load.websocket_bytes import BINARY, TEXT, Reader, frame, opening

pytestmark = pytest.mark.pure

UPGRADED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def from_server(opcode: int, payload: bytes) -> bytes:
    """A frame without a mask."""
    size = len(payload)
    if size < 126:
        return struct.pack(">BB", 0x80 | opcode, size) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", 0x80 | opcode, 126, size) + payload
    return struct.pack(">BBQ", 0x80 | opcode, 127, size) + payload


@given(st.data())
def test_frames_come_out_however_the_bytes_come_in(data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.sampled_from([0, 1, 125, 126, 640, 70_000]), max_size=4))
    sent = [(BINARY if size % 2 else TEXT, bytes(size)) for size in sizes]
    stream = UPGRADED + b"".join(from_server(*one) for one in sent)
    cut = data.draw(st.integers(0, len(stream)))
    reader = Reader()
    got = reader.feed(stream[:cut]) + reader.feed(stream[cut:])
    assert got == sent
    assert reader.status == 101


def test_a_refusal_is_known_by_its_status() -> None:
    reader = Reader()
    assert reader.feed(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\n\r\n") == []
    assert reader.status == 503


@pytest.mark.parametrize(("size", "head"), [(5, 2), (640, 4), (70_000, 10)])
def test_a_frame_of_ours_is_masked_by_zeros(size: int, head: int) -> None:
    data = frame(BINARY, b"\x01" * size)
    assert data[0] == 0x82
    assert data[1] & 0x80
    assert data[head : head + 4] == bytes(4)
    assert data[head + 4 :] == b"\x01" * size


def test_the_opening_asks_for_an_upgrade() -> None:
    asked = opening("127.0.0.1:80", "/ws", "voice.v1").decode()
    assert asked.startswith("GET /ws HTTP/1.1\r\nHost: 127.0.0.1:80\r\n")
    assert "\r\nSec-WebSocket-Protocol: voice.v1\r\n" in asked
    assert asked.endswith("\r\n\r\n")
    assert "Protocol:" not in opening("127.0.0.1:80", "/ws").decode()
