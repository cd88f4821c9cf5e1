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
        self._reader: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
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
        loop = asyncio.get_running_loop()
        while not self._queue:
            if deadline is not None and loop.time() >= deadline:
                await asyncio.sleep(0)  # whoever is always late lets others have their turn
                break
            self._wind(deadline, loop)
            self._reader = loop.create_future()
            await self._reader
        if not self._queue:
            return None
        event = self._queue.popleft()
        if isinstance(event, ClientEvent):
            self._room.release()
        return event

    def close(self) -> None:
        """Nobody reads any more."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _append(self, event: InboxEvent) -> None:
        self._queue.append(event)
        self._wake()

    def _wind(self, deadline: float | None, loop: asyncio.AbstractEventLoop) -> None:
        """Ring at the deadline, or before: deadlines move with every frame, and mostly away."""
        if deadline is None or (self._timer and self._timer.when() <= deadline):
            return
        self.close()
        self._timer = loop.call_at(deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake()

    def _wake(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_result(None)
