"""A WebSocket by hand (RFC 6455): for what no library would send, and for clients that just stop.

Reads only when told to, through the smallest buffers that the system grants.
"""

import asyncio
import base64
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

TEXT, BINARY, CLOSE = 0x1, 0x2, 0x8
FIN, RSV1 = 0x80, 0x40
MASKED = 0x80

_BUFFER_BYTES = 4096
_LARGE_BUFFER_BYTES = 1 << 20


class RawSocket:
    """One connection, after the upgrade."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(
        self, opcode: int, payload: bytes, *, flags: int = FIN, masked: bool = True
    ) -> None:
        """Send one frame, right or wrong."""
        mask = os.urandom(4) if masked else b""
        body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
        self._writer.write(bytes([flags | opcode]) + _length(len(payload), masked) + mask + body)
        await self._writer.drain()
        await asyncio.sleep(0)  # drain does not yield while there is room

    async def send_bytes(self, data: bytes) -> None:
        """Send frames, or parts of them, that somebody else has made."""
        self._writer.write(data)
        await self._writer.drain()

    async def send_json(self, **message: object) -> None:
        """Send one text message."""
        await self.send(TEXT, json.dumps(message).encode())

    async def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        first, length = await self._reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await self._reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await self._reader.readexactly(8))
        return first & 0x0F, await self._reader.readexactly(length)

    async def wait_for(self, type: str, **fields: object) -> dict[str, Any]:
        """Read up to the next JSON message of this type with these fields."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                raise ConnectionError(f"closed {payload!r} before {type}")
            message = json.loads(payload) if opcode == TEXT else {"type": "audio"}
            if message["type"] == type and fields.items() <= message.items():
                return dict(message)

    def hurry(self) -> None:
        """From now on take in as much at once as there is."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LARGE_BUFFER_BYTES)

    async def read_to_end(self) -> None:
        """Read until the server has dropped the connection."""
        with suppress(ConnectionError):
            while await self._reader.read(_BUFFER_BYTES):
                pass

    async def close_code(self) -> int:
        """Read up to the close frame, and return its code."""
        while True:
            opcode, payload = await self.receive()
            if opcode == CLOSE:
                return int.from_bytes(payload[:2], "big")

    def vanish(self) -> None:
        """Gone, without a word: the peer gets a reset."""
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


def _length(length: int, masked: bool) -> bytes:
    bit = MASKED if masked else 0
    if length < 126:
        return bytes([bit | length])
    if length < 1 << 16:
        return bytes([bit | 126]) + struct.pack(">H", length)
    return bytes([bit | 127]) + struct.pack(">Q", length)


@asynccontextmanager
async def raw_socket(
    port: int, path: str = "/v1/voice", **headers: str
) -> AsyncIterator[RawSocket]:
    """Connect and upgrade."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    raw.setblocking(False)
    await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=raw, limit=_BUFFER_BYTES)
    try:
        fields = {
            "Host": f"127.0.0.1:{port}",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            **headers,
        }
        lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 101 " not in answer:
            raise ConnectionError(answer.decode())
        yield RawSocket(reader, writer)
    finally:
        writer.transport.abort()
