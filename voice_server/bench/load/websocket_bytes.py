"""The least of a WebSocket client (RFC 6455): a generator must cost less than what it measures.

Frames are masked with a key of zeros, which changes nothing, so they can be made once and sent a
thousand times. Pure.
"""

import struct

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA
NO_MASK = bytes(4)


def opening(host: str, path: str, protocol: str = "") -> bytes:
    """The request to upgrade. `host` with its port."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    ]
    if protocol:
        lines.append(f"Sec-WebSocket-Protocol: {protocol}")
    return "\r\n".join([*lines, "", ""]).encode()


def frame(opcode: int, payload: bytes) -> bytes:
    """One whole message from a client."""
    length = len(payload)
    if length < 126:
        head = struct.pack(">BB", 0x80 | opcode, 0x80 | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, length)
    else:
        head = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, length)
    return head + NO_MASK + payload


class Reader:
    """Takes a server's bytes in any pieces, gives whole frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.status: int | None = None
        """Of the answer to the upgrade; None before it is here."""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Opcodes and payloads that are complete now. Fragments are frames of their own."""
        self._bytes += data
        if self.status is None and not self._read_answer():
            return []
        found: list[tuple[int, bytes]] = []
        while (one := self._read_frame()) is not None:
            found.append(one)
        return found

    def _read_answer(self) -> bool:
        end = self._bytes.find(b"\r\n\r\n")
        if end < 0:
            return False
        self.status = int(self._bytes.split(b" ", 2)[1])
        del self._bytes[: end + 4]
        return True

    def _read_frame(self) -> tuple[int, bytes] | None:
        if len(self._bytes) < 2:
            return None
        length, start = self._bytes[1] & 0x7F, 2
        if length >= 126:
            wide = 2 if length == 126 else 8
            start += wide
            if len(self._bytes) < start:
                return None
            length = int.from_bytes(self._bytes[2:start], "big")
        if len(self._bytes) < start + length:
            return None
        opcode = self._bytes[0] & 0x0F
        payload = bytes(self._bytes[start : start + length])
        del self._bytes[: start + length]
        return opcode, payload
