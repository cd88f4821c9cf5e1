"""How long one reply of a language model may keep us waiting."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChatTimeouts:
    """How long an endpoint may keep us waiting, in seconds.

    Only time spent waiting for the endpoint counts: a caller who takes the tokens slowly uses up
    none of it.
    """

    connect_s: float = 2.0
    first_token_s: float = 10.0
    """From the request to the first text, connecting and one retry included."""
    between_tokens_s: float = 10.0
    total_s: float = 60.0
    usage_s: float = 0.5
    """From the finish reason to the end of the stream; then it counts as ended."""


class Patience:
    """What is left of the timeouts of one reply."""

    def __init__(self, timeouts: ChatTimeouts) -> None:
        self._timeouts = timeouts
        self._total_s = timeouts.total_s
        self._next_s = timeouts.first_token_s
        self._complaint = f"sent no text within {timeouts.first_token_s:g} s"

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Await, within what is left. Raises `TimeoutError`."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(min(self._next_s, self._total_s)):
                return await awaitable
        finally:
            waited_s = loop.time() - started
            self._next_s -= waited_s
            self._total_s -= waited_s

    def saw_text(self) -> None:
        """Text arrived: the wait for the next one begins."""
        self._next_s = self._timeouts.between_tokens_s
        self._complaint = f"sent nothing for {self._next_s:g} s in the middle of a reply"

    def saw_finish(self) -> None:
        """The reply is whole: only the end of the stream is still to come."""
        self._next_s = self._timeouts.usage_s

    @property
    def complaint(self) -> str:
        """Which limit ran out, as the end of a sentence about the endpoint."""
        if self._total_s <= 0:
            return f"took longer than {self._timeouts.total_s:g} s for one reply"
        return self._complaint
