"""All calls of one process, so that a client that comes back finds its own."""

import asyncio
from collections.abc import Awaitable, Callable

from voice_server.calls.call import Call
from voice_server.calls.line import Line


class CallRegister:
    """From the start of each call to its end, with a line or without."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._empty = asyncio.Event()
        self._empty.set()

    def start(self, call: Call, on_end: Callable[[], Awaitable[None]]) -> None:
        """Begin a call. `on_end` is awaited when it is over."""
        id = call.session.id
        self._calls[id] = call
        self._empty.clear()

        async def ended() -> None:
            try:
                await on_end()
            finally:
                del self._calls[id]
                if not self._calls:
                    self._empty.set()

        call.start(ended)

    def find(self, session: str, user: str) -> Call | None:
        """This user's call with that session, if there is one."""
        call = self._calls.get(session)
        return call if call and call.user == user else None

    def on(self, line: Line) -> Call | None:
        """The call that goes on over this line at present, if there is one."""
        return next((call for call in self._calls.values() if call.line is line), None)

    def leave(self) -> None:
        """Ask every call to end at its next pause."""
        for call in list(self._calls.values()):
            call.leave()

    def abort(self) -> None:
        """End all of them here and now."""
        for call in list(self._calls.values()):
            call.abort()

    async def idle(self) -> None:
        """Return when there is no call."""
        await self._empty.wait()
