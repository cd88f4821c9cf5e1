"""A line to a client, as calls see it: it moves bytes, and breaks when it likes."""

from collections.abc import AsyncIterator
from typing import Protocol

from voice_server.events import MessageRefused


class Line(Protocol):
    """One connection of one client."""

    @property
    def said_goodbye(self) -> bool:
        """The client closed it in good order: it will not come back."""
        ...

    def messages(self) -> AsyncIterator[str | bytes | MessageRefused]:
        """What the client sends, until it has gone."""
        ...

    async def send(self, data: str | bytes) -> None:
        """Send one message. Raises `ConnectionError`."""
        ...

    async def close(self, code: int) -> None:
        """Say goodbye, with a close code, and not for long."""
        ...

    def abort(self) -> None:
        """Drop it at once."""
        ...
