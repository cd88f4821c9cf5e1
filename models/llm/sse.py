"""Server-sent events, the reading side: bytes in, the data of whole events out.

Pure: no socket, no clock. Follows the WHATWG HTML standard, section "Interpreting an event stream":
lines end in CR, LF or CRLF wherever the network cuts them, comments are skipped, the data lines of
one event are joined, bytes that are not UTF-8 become U+FFFD. Event names, ids and retry times are
ignored, because chat endpoints do not use them. An event cut off by the end of the stream is lost,
as the standard asks.
"""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLong(Exception):
    """One line, or the data of one event, is longer than the limit."""


class EventStream:
    """Splits one stream into events. After `EventTooLong` it must not be fed again."""

    def __init__(self, event_bytes_max: int = 1 << 20) -> None:
        self._event_bytes_max = event_bytes_max
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._first_line = True
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """Take the next bytes, cut anywhere; return the data of each event they complete."""
        if not chunk:
            return []
        if self._after_cr:
            chunk = chunk.removeprefix(b"\n")
        self._after_cr = chunk.endswith(b"\r")
        lines = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        events = []
        self._extend_line(lines[0])
        for line in lines[1:]:
            data = self._end_line()
            if data is not None:
                events.append(data)
            self._extend_line(line)
        return events

    def _extend_line(self, part: bytes) -> None:
        self._line += part
        if self._data_bytes + len(self._line) > self._event_bytes_max:
            raise EventTooLong(f"an event is longer than {self._event_bytes_max} bytes")

    def _end_line(self) -> str | None:
        """Interpret the line that just ended; a blank one completes an event."""
        line = bytes(self._line)
        self._line.clear()
        if self._first_line:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._first_line = False
        if not line:
            return self._end_event()
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" "))
            self._data_bytes += len(line)
        return None

    def _end_event(self) -> str | None:
        if not self._data:
            return None
        data = b"\n".join(self._data)
        self._data.clear()
        self._data_bytes = 0
        return data.decode(errors="replace")
