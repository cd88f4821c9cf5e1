"""Wyoming events on a byte stream: a line of JSON, more JSON, and bytes. Pure.

The line says how long the two parts after it are. Nothing is taken in before it is known to be
small enough.
"""

import json
from typing import Any

from wyoming.event import Event

LINE_BYTES_MAX = 65_536
DATA_BYTES_MAX = 262_144
PAYLOAD_BYTES_MAX = 1_048_576
"""Half a minute of audio at 16 kHz."""


class FramingError(ValueError):
    """What came is no Wyoming; the connection cannot go on."""


class EventReader:
    """Bytes to events, wherever they are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._header: dict[str, Any] | None = None
        self._line = b""
        """The same as it came."""

    @property
    def rest(self) -> bytes:
        """What was fed and belongs to no complete event yet."""
        return self._line + bytes(self._buffer)

    def feed(self, data: bytes) -> list[Event]:
        """The events that are complete now. Raises `FramingError`."""
        self._buffer += data
        events: list[Event] = []
        while (event := self._next()) is not None:
            events.append(event)
        return events

    def _next(self) -> Event | None:
        if self._header is None and not self._read_line():
            return None
        assert self._header is not None
        data_length = _length(self._header, "data_length", DATA_BYTES_MAX)
        payload_length = _length(self._header, "payload_length", PAYLOAD_BYTES_MAX)
        if len(self._buffer) < data_length + payload_length:
            return None
        header, self._header, self._line = self._header, None, b""
        more = _object(self._take(data_length)) if data_length else {}
        inline = header.get("data") or {}
        if not isinstance(inline, dict):
            raise FramingError("data must be an object")
        payload = self._take(payload_length) or None
        return Event(str(header["type"]), {**inline, **more}, payload)

    def _read_line(self) -> bool:
        end = self._buffer.find(b"\n")
        if max(end, len(self._buffer) if end < 0 else 0) > LINE_BYTES_MAX:
            raise FramingError(f"the header has more than {LINE_BYTES_MAX} bytes")
        if end < 0:
            return False
        line = self._take(end + 1)
        header = _object(line)
        if not isinstance(header.get("type"), str):
            raise FramingError("the header has no type")
        self._header, self._line = header, line
        return True

    def _take(self, length: int) -> bytes:
        taken = bytes(self._buffer[:length])
        del self._buffer[:length]
        return taken


def encode(event: Event) -> bytes:
    """One event as bytes, its data behind the line, as the package writes it."""
    data = json.dumps(event.data).encode() if event.data else b""
    payload = event.payload or b""
    header: dict[str, Any] = {"type": event.type, "version": "1.10.0"}
    if data:
        header["data_length"] = len(data)
    if payload:
        header["payload_length"] = len(payload)
    return json.dumps(header).encode() + b"\n" + data + payload


def _length(header: dict[str, Any], name: str, most: int) -> int:
    length = header.get(name) or 0
    if not isinstance(length, int) or isinstance(length, bool) or not 0 <= length <= most:
        raise FramingError(f"{name} must be 0 to {most}")
    return length


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise FramingError("the header or its data is no JSON") from None
    if not isinstance(value, dict):
        raise FramingError("the header and its data must be objects")
    return value
