"""Tool calls that wait for their answer, and what happens when the last one is there.

A call is open from the moment it is complete, which is never before the turn it belongs to has
ended. The server runs its own tools, each within a deadline; the client answers the others. When
every call of a reply is answered, the assistant goes on speaking, unless the user has taken the
floor: then the answers are there for the next reply, which will be to what the user said.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from voice_server import events as ev
from voice_server.conversation.beginning import OpenCall
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.memory import Memory
from voice_server.metrics import Metrics
from voice_server.settings import ToolSettings
from voice_server.tasks import watched
from voice_server.toolbox import ServerTool

OPEN_MAX = 128
"""Calls that may wait; beyond that, the oldest will get no answer any more."""

INTERRUPTED = "The tool was interrupted. It may have done its work, or not."


class ToolError(ValueError):
    """An answer to nothing that was asked."""


@dataclass(slots=True)
class _Round:
    """The calls of one reply."""

    turn: int | None
    waiting: set[str] = field(default_factory=set)
    goes_on: bool = True
    """Speak when all are answered."""


class ToolCalls:
    """One session's open calls."""

    def __init__(
        self,
        *,
        settings: ToolSettings,
        tools: Mapping[str, ServerTool],
        memory: Memory,
        metrics: Metrics,
        post: Callable[[ev.InnerEvent], None],
    ) -> None:
        self.rounds = 0
        """Replies in a row that were only about tools."""
        self.postponed: ReplyCall | None = None
        """What to say if the user, who makes a sound just now, says nothing."""
        self._settings = settings
        self._tools = tools
        self._memory = memory
        self._metrics = metrics
        self._post = post
        self._open: dict[str, _Round] = {}
        self._by_reply: dict[int, _Round] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, calls: Iterable[OpenCall]) -> None:
        """Wait for what was asked elsewhere. What ran there may have happened: not again."""
        for call in calls:
            round = self._by_reply.setdefault(call.reply, _Round(call.turn))
            round.waiting.add(call.call)
            round.goes_on = call.goes_on
            self._open[call.call] = round
            if call.by_server:
                self._post(ev.ToolFinished(call.call, INTERRUPTED))

    @property
    def waiting(self) -> bool:
        """Whether the assistant will go on when a tool has answered."""
        return any(round.goes_on for round in self._open.values())

    def called(self, call: ev.ToolCalled, turn: int | None) -> None:
        """The language model asks; run it, or wait for the client."""
        round = self._by_reply.setdefault(call.reply, _Round(turn))
        round.waiting.add(call.call)
        self._open[call.call] = round
        if len(self._open) > OPEN_MAX:
            self._close(next(iter(self._open)))
        self._memory.tool_called(call)
        self._metrics.tool_calls.labels("server" if call.by_server else "client").inc()
        if call.by_server:
            crashed = ev.ToolFinished(call.call, "The tool failed.")
            task = watched(self._run(call), lambda: self._post(crashed))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def returned(self, answer: ev.ToolReturned) -> ReplyCall | None:
        """The client has answered; what to say now, if it was the last answer.

        Raises `ToolError`, or `ItemError` if the answer's id is taken.
        """
        round = self._open.get(answer.call)
        if round is None:
            raise ToolError(f"no tool call {answer.call[:64]!r} waits for an answer")
        self._memory.tool_returned(answer.call, self._bounded(answer.output), answer.id)
        round.goes_on = round.goes_on and answer.respond
        return self._close(answer.call)

    def finished(self, answer: ev.ToolFinished) -> ReplyCall | None:
        """The server's own tool has answered."""
        if answer.call not in self._open:
            return None
        self._memory.tool_returned(answer.call, self._bounded(answer.output))
        return self._close(answer.call)

    def leave(self) -> None:
        """The user has taken over: answers are remembered, and nothing follows from them."""
        self.rounds = 0
        self.postponed = None
        for round in self._open.values():
            round.goes_on = False

    def close(self) -> None:
        """The session is over."""
        for task in self._tasks:
            task.cancel()

    def _close(self, call: str) -> ReplyCall | None:
        round = self._open.pop(call)
        round.waiting.discard(call)
        if round.waiting:
            return None
        self._by_reply = {reply: r for reply, r in self._by_reply.items() if r is not round}
        if not round.goes_on:
            return None
        self.rounds += 1
        again = self.rounds < self._settings.rounds_max
        return ReplyCall("tool", round.turn, may_call=again)

    def _bounded(self, output: str) -> str:
        limit = self._settings.output_bytes_max
        encoded = output.encode(errors="replace")
        if len(encoded) <= limit:
            return output
        self._metrics.limit_hits.labels("tool_output_bytes").inc()
        return encoded[:limit].decode(errors="ignore") + " …"

    async def _run(self, call: ev.ToolCalled) -> None:
        seconds = self._settings.timeout_s
        try:
            async with asyncio.timeout(seconds):
                output = await self._tools[call.name].run(call.arguments)
        except TimeoutError:
            self._metrics.limit_hits.labels("tool_timeout").inc()
            output = f"The tool gave no answer within {seconds:g} seconds."
        self._post(ev.ToolFinished(call.call, output))
