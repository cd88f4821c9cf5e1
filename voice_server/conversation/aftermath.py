"""Replies that are over, and what was heard of them.

A reply that was stopped waits a moment for the client to say how far it got. A reply that was sent
whole may still sound while the next one is being made. And long after either, a client may say that
it played less than was believed: then the history is put right.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from voice_server.conversation.active_reply import ActiveReply
from voice_server.conversation.memory import Memory
from voice_server.events import ReplyDone, ReplyStatus, ServerEvent
from voice_server.metrics import Metrics

SETTLE_S = 0.25
"""How long to wait for the client to say where it stopped playing."""

PAST_MAX = 8
"""Replies of which the client may still say how far it played them."""


@dataclass(frozen=True, slots=True)
class _Settling:
    """A reply that was stopped, until it is known how far it was heard."""

    reply: ActiveReply
    status: ReplyStatus
    until: float


class Aftermath:
    """One session's replies that are over."""

    def __init__(
        self, memory: Memory, metrics: Metrics, emit: Callable[[ServerEvent], None]
    ) -> None:
        self._memory = memory
        self._metrics = metrics
        self._emit = emit
        self._settling: _Settling | None = None
        self._past: deque[ActiveReply] = deque(maxlen=PAST_MAX)
        self._last: ActiveReply | None = None
        """The last reply that was sent whole, unless it was cut afterwards."""

    @property
    def settling(self) -> ActiveReply | None:
        """The reply that was stopped and of which it is not known yet how far it was heard."""
        return self._settling.reply if self._settling else None

    @property
    def due(self) -> float | None:
        """When to settle at the latest."""
        return self._settling.until if self._settling else None

    def find(self, number: int) -> ActiveReply | None:
        """A reply that is over, unless it is forgotten."""
        known = (self.settling, *self._past)
        return next((reply for reply in known if reply and reply.number == number), None)

    def tail(self, now: float) -> ActiveReply | None:
        """The last reply that was sent whole, if it still sounds."""
        last = self._last and self._last.playout
        if last and (last.played_out(now) or last.abandoned):
            self._last = None
        return self._last

    def completed(self, reply: ActiveReply, now: float) -> None:
        """A reply was sent whole, and is taken to be heard."""
        done = reply.done(now)
        self._past.append(reply)
        self._last = reply
        if reply.remembered:
            self._memory.reply_ended(reply.number, done.text, cut=reply.capped)
        self._tell(done)

    def stopped(self, reply: ActiveReply, status: ReplyStatus, now: float, *, wait: bool) -> None:
        """A reply was stopped; `wait`: the client will say where."""
        self._settling = _Settling(reply, status, now + SETTLE_S)
        if not wait:
            self.settle(now)

    def settle(self, now: float) -> None:
        """Decide what was heard of the reply that was stopped, and remember it."""
        if self._settling is None:
            return
        reply, status = self._settling.reply, self._settling.status
        self._settling = None
        self._past.append(reply)
        self.cut(reply, now)
        self._tell(reply.stopped(status, now))

    def cut(self, reply: ActiveReply, now: float) -> None:
        """Remember only what was heard of a reply."""
        if reply is self._last:
            self._last = None
        reply.playout.pause(now, client_stops=True)
        truncated = reply.truncated(now)
        self._emit(truncated)
        if reply.remembered:
            self._memory.reply_ended(reply.number, truncated.heard, cut=True)

    def _tell(self, done: ReplyDone) -> None:
        self._metrics.reply_done(done.status, done.metrics)
        self._emit(done)
