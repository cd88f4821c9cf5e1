"""Replies beside the conversation: written only, at any time, and not remembered.

A client asks for one to have something judged, named or summed up while people talk. It takes no
floor and is never interrupted by voice.
"""

from collections.abc import Callable, Sequence

from voice_server.conversation.active_reply import ActiveReply, ReplyEvent
from voice_server.conversation.casting import ReplyCall
from voice_server.conversation.reply_maker import ReplyMaker
from voice_server.events import Item, ReplyStarted, ReplyStatus, ServerEvent
from voice_server.metrics import Metrics

ASIDES_MAX = 4
"""Replies beside the conversation that may be made at once."""


class Asides:
    """One session's replies beside the conversation."""

    def __init__(
        self, maker: ReplyMaker, metrics: Metrics, emit: Callable[[ServerEvent], None]
    ) -> None:
        self._maker = maker
        self._metrics = metrics
        self._emit = emit
        self._replies: dict[int, ActiveReply] = {}

    @property
    def full(self) -> bool:
        """Whether no further one may begin."""
        return len(self._replies) >= ASIDES_MAX

    def begin(self, call: ReplyCall, items: Sequence[Item], number: int) -> None:
        """Begin a reply that is only written."""
        reply = self._maker.begin(call, items, number)
        self._replies[reply.plan.reply] = reply
        self._emit(ReplyStarted(number, reply.cause, reply.turn, reply.request, speaks=False))

    def take(self, event: ReplyEvent, now: float) -> bool:
        """What a reply's task made; False if it is none of ours."""
        reply = self._replies.get(event.reply)
        if reply is None:
            return False
        for out in reply.take(event, now):
            self._emit(out)
        reply.playout.due(now)
        if reply.playout.played_out(now):
            self._end(reply, None, now)
        return True

    def cancel(self, number: int | None, now: float) -> bool:
        """Stop one, or all; False if there was none."""
        found = [r for r in self._replies.values() if number in (None, r.number)]
        for reply in found:
            reply.cancel()
            self._end(reply, "cancelled", now)
        return bool(found)

    def close(self) -> None:
        """The session is over."""
        for reply in self._replies.values():
            reply.cancel()

    def _end(self, reply: ActiveReply, status: ReplyStatus | None, now: float) -> None:
        del self._replies[reply.plan.reply]
        reply.status = status or reply.status
        done = reply.done(now)
        self._metrics.reply_done(done.status, {})
        self._emit(done)
