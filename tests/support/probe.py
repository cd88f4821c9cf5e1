"""Sends a server bytes that no library would send, and says in a word what came of it.

Before the upgrade that is the HTTP status; after it the close code, or `alive` if a ping that
follows is answered. `dropped` is a connection that ends without a word.
"""

import asyncio
import ssl
import struct
from contextlib import suppress
from dataclasses import dataclass

from tests.support.raw_frames import CLOSE, PING, PONG, PORT, frame, handshake

PATIENCE_S = 20.0

_LAST_WORD = b"are you there"


@dataclass(frozen=True, slots=True)
class Case:
    """What a client sends, and what should come of it."""

    group: str
    name: str
    expected: str
    request: bytes = handshake()
    frames: bytes = b""
    """Sent once the upgrade is granted."""
    slices: int = 0
    """Bytes per write; 0 sends all at once."""
    answers: int = 1
    """Requests that want an answer."""


async def outcome(port: int, case: Case, tls: ssl.SSLContext | None = None) -> str:
    """What this case leads to at the server on this port."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _told(reader, writer, port, case)
    except TimeoutError:
        return "silence"
    except (ConnectionError, asyncio.IncompleteReadError):
        return "dropped"
    finally:
        writer.transport.abort()


async def _told(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, case: Case
) -> str:
    writing = asyncio.create_task(
        _write(writer, case.request.replace(PORT.encode(), str(port).encode()), case.slices)
    )
    has_body = not case.request.startswith(b"HEAD")
    statuses = [await _status(reader, has_body) for _ in range(case.answers)]
    await writing
    if statuses != ["101"]:
        return " ".join(statuses)
    writing = asyncio.create_task(
        _write(writer, case.frames + frame(PING, _LAST_WORD), case.slices)
    )
    try:
        return await _ending(reader)
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def _write(writer: asyncio.StreamWriter, data: bytes, slices: int) -> None:
    step = slices or max(1, len(data))
    with suppress(ConnectionError):
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            await asyncio.sleep(0)


async def _status(reader: asyncio.StreamReader, has_body: bool) -> str:
    """Of one answer, whose body is read too. An extension that was agreed on is named."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = head.split()[1]
    lines = (line.partition(":") for line in head.split("\r\n")[1:])
    headers = {name: value.strip() for name, _, value in lines}
    if has_body and status != "101":
        await reader.readexactly(int(headers.get("content-length", "0")))
    return f"{status} compressed" if "sec-websocket-extensions" in headers else status


async def _ending(reader: asyncio.StreamReader) -> str:
    while True:
        first, length = await reader.readexactly(2)
        if length == 126:
            (length,) = struct.unpack(">H", await reader.readexactly(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", await reader.readexactly(8))
        payload = await reader.readexactly(length)
        if first & 0x0F == CLOSE:
            return str(int.from_bytes(payload[:2], "big")) if payload else "closed"
        if first & 0x0F == PONG and payload == _LAST_WORD:
            return "alive"
