"""The beginning of a request, as far as it has come: how long it is, and what follows it. Pure.

It understands nothing but where a head ends (RFC 9112, 2.2), so it cannot disagree with the parser
about what a request means.
"""

END = b"\r\n\r\n"


class RequestHead:
    """Bytes from the end of one request to the end of the next one's head."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._bytes = b""
        self._behind = 0

    def feed(self, data: bytes) -> None:
        """Take what came; what belongs to no head is only counted."""
        if self.complete:
            self._behind += len(data)
            return
        self._bytes += data
        end = self._bytes.find(END)
        if end >= 0:
            self._behind = len(self._bytes) - end - len(END)
            self._bytes = self._bytes[: end + len(END)]

    @property
    def begun(self) -> bool:
        """Whether anything has come."""
        return bool(self._bytes)

    @property
    def complete(self) -> bool:
        """Whether the empty line has come that ends a head."""
        return self._bytes.endswith(END)

    @property
    def too_long(self) -> bool:
        """Whether it has more bytes than it may."""
        return len(self._bytes) > self._bytes_max

    @property
    def alone(self) -> bool:
        """Whether a head has come and nothing behind it, as before an upgrade (RFC 6455, 4.1)."""
        return self.complete and not self._behind
