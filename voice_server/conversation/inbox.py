"""What waits to be decided in one conversation.

Two ways in. `post` is for engines and timers: it never waits, and what they post is bounded by what
they were asked for. `deliver` is for the client: it waits for room, so a flooding client is slowed
by its own socket and by nothing else.
"""

import asyncio
from collections import deque

from voice_server.events import ClientEvent, InnerEvent

DELIVERED_MAX = 64
"""Client events that may wait."""

InboxEvent = ClientEvent | InnerEvent


class Inbox:
    """A queue with one reader."""

    def __init__(self) -> None:
        self.held_back = False
        """The client has more to say, and is made to wait."""
        self._queue: deque[InboxEvent] = deque()
        self._filled = asyncio.Event()
        self._room = asyncio.Semaphore(DELIVERED_MAX)

    def __len__(self) -> int:
        return len(self._queue)

    def post(self, event: InnerEvent) -> None:
        """Append an engine's event."""
        self._append(event)

    async def deliver(self, event: ClientEvent) -> None:
        """Append a client's event as soon as there is room."""
        await self._room.acquire()
        self._append(event)

    async def take(self, deadline: float | None) -> InboxEvent | None:
        """The next event, or None when the loop's clock passes `deadline` first."""
        if not self._queue:
            try:
                async with asyncio.timeout_at(deadline):
                    await self._filled.wait()
            except TimeoutError:
                return None
        event = self._queue.popleft()
        if not self._queue:
            self._filled.clear()
        if isinstance(event, ClientEvent):
            self._room.release()
        return event

    def _append(self, event: InboxEvent) -> None:
        self._queue.append(event)
        self._filled.set()
