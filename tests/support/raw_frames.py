"""Bytes of a WebSocket client, right or wrong: handshakes and frames (RFC 6455)."""

import struct
from collections.abc import Iterable, Mapping
from typing import Literal

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
"""The RFC's own example."""
MASK = b"\x37\xfa\x21\x3d"
PORT = "{port}"
"""Replaced by the port of the server that is asked."""

HANDSHAKE = {
    "Host": f"127.0.0.1:{PORT}",
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": KEY,
    "Sec-WebSocket-Version": "13",
}


def request(
    start: str = "GET /livez HTTP/1.1",
    headers: Iterable[tuple[str, str]] = (("Host", f"127.0.0.1:{PORT}"),),
    body: bytes = b"",
) -> bytes:
    """Any request."""
    lines = [start, *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def handshake(
    changed: Mapping[str, str | None] | None = None,
    *,
    added: Iterable[tuple[str, str]] = (),
    start: str = "GET /v1/voice HTTP/1.1",
    body: bytes = b"",
) -> bytes:
    """A handshake with some headers replaced (None: left out) and others added."""
    fields = {**HANDSHAKE, **(changed or {})}
    kept = [(name, value) for name, value in fields.items() if value is not None]
    return request(start, [*kept, *added], body)


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    mask: bytes | None = MASK,
    form: Literal[7, 16, 64] | None = None,
    announced: int | None = None,
) -> bytes:
    """One frame. `form`: bits of the length; `announced`: a length that the payload has not."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    length = len(payload) if announced is None else announced
    form = form or (7 if length < 126 else 16 if length < 1 << 16 else 64)
    masked = 0x80 if mask is not None else 0
    if form == 7:
        head = bytes([first, masked | length])
    elif form == 16:
        head = bytes([first, masked | 126]) + struct.pack(">H", length)
    else:
        head = bytes([first, masked | 127]) + struct.pack(">Q", length)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def close(code: int | None = None, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


def fragments(opcode: int, *pieces: bytes) -> bytes:
    """A message in as many frames as there are pieces."""
    last = len(pieces) - 1
    return b"".join(
        frame(CONTINUATION if at else opcode, piece, fin=at == last)
        for at, piece in enumerate(pieces)
    )
