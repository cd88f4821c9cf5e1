"""The speaking half of a conversation: at most one reply at a time, and what is remembered of it.

Starts a reply as one task, hands its audio to the client at the pace of playback, and remembers it
when it was played. Stopping cancels the task at once and tells the client to stop playing; then it
waits a moment for the client to say how far it got, so that the history keeps exactly the words
that were heard. Nothing of a stopped reply is sent later: what still arrives has another number.

A reply may be begun before the user's turn has ended. It is made like any other, but held: nothing
of it is sent or remembered until it is released, and if the user goes on it never existed.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from audio import Samples
from audio.echo import EchoEar, LevelTrack
from models.llm import ChatModel
from models.tts import Synthesizer
from voice_server.closes import ErrorCode
from voice_server.conversation import casting
from voice_server.conversation.active_reply import ActiveReply, ReplyEvent
from voice_server.conversation.casting import ReplyCall, same_reply
from voice_server.conversation.history import History
from voice_server.conversation.playout import Playout, lead_ms
from voice_server.conversation.reply import AudioRoom, Reply, ReplyPlan
from voice_server.conversation.turns import Floor, Turns
from voice_server.events import (
    ErrorRaised,
    InnerEvent,
    PlaybackPaused,
    PlaybackReported,
    PlaybackResumed,
    PlaybackStopped,
    ReplyStageFailed,
    ReplyStarted,
    ReplyStatus,
    ReplyVoiceEnded,
    ServerEvent,
    SessionConfig,
    SessionOptions,
)
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.tasks import watched

SETTLE_S = 0.25
"""How long to wait for the client to say where it stopped playing."""

HELD_MS_MAX = 1500
"""Audio a held reply may make: the first clause, and a little."""

NEARLY_OVER_MS = 600
"""With so little left, a listener's "yes" is an answer."""

CALLS_WAITING_MAX = 16
"""Replies that may wait for the current one."""


@dataclass(frozen=True, slots=True)
class _Settling:
    """A reply that was stopped, until it is known how far it was heard."""

    reply: ActiveReply
    status: ReplyStatus
    until: float


class Speaker:
    """One session's voice."""

    def __init__(
        self,
        *,
        session: str,
        settings: Settings,
        options: SessionOptions,
        chat: ChatModel,
        synthesizer: Synthesizer,
        turns: Turns,
        metrics: Metrics,
        clock: Callable[[], float],
        emit: Callable[[ServerEvent], None],
        post: Callable[[InnerEvent], None],
    ) -> None:
        self.config = SessionConfig()
        """For the next reply."""
        self.history = History(settings.llm.history_bytes_max)
        self._meanwhile = History(settings.llm.history_bytes_max)
        self.current: ActiveReply | None = None
        self._echo_ear = None if options.echo_cancelled else EchoEar()
        self._held: ActiveReply | None = None
        self._settling: _Settling | None = None
        self._waiting: deque[ReplyCall] = deque()
        self._begun = 0
        """Replies begun, also in vain."""
        self._spoken = 0
        """Replies that the client was told of."""
        self._lead_ms = lead_ms(options, settings.limits)
        self._session = session
        self._settings = settings
        self._options = options
        self._chat = chat
        self._synthesizer = synthesizer
        self._turns = turns
        self._metrics = metrics
        self._clock = clock
        self._emit = emit
        self._post = post

    @property
    def busy(self) -> bool:
        """Whether a reply is being made or played, or it is not known yet how far it was heard."""
        return self.current is not None or self._settling is not None

    # Starting --------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether no further reply may wait."""
        return len(self._waiting) >= CALLS_WAITING_MAX

    def call(self, call: ReplyCall, now: float) -> None:
        """Reply now, or after the reply that may not be stopped for this."""
        if call.cause in ("text", "request"):
            self.give_way(now)
        if self.current is None:
            self._begin(call, now)
        elif not self.full:
            self._waiting.append(call)
        else:
            message = f"{CALLS_WAITING_MAX} replies are waiting already. Wait for response.done."
            self._emit(ErrorRaised(ErrorCode.RATE_LIMITED, message))

    def give_way(self, now: float) -> None:
        """Stop the current reply, unless it may not be stopped."""
        if self.current and self.current.interruptible:
            self.stop("cancelled", now)

    def _begin(self, call: ReplyCall, now: float) -> None:
        """Give the floor to a new reply, or to the held one if it would be the same."""
        self._settle(now)
        held, self._held = self._held, None
        if held and held.turn == call.turn and same_reply(held.plan, self._plan(call)):
            self._metrics.speculations.labels("used").inc()
            self._take_floor(held)
        else:
            self._waste(held)
            self._take_floor(self._start(call))

    def _take_floor(self, reply: ActiveReply) -> None:
        self.current = reply
        self._spoken = reply.number
        self._turns.take_floor(reply.interruptible)
        self._emit(ReplyStarted(reply.number, reply.cause, reply.turn))
        for event in reply.withheld:
            self._emit(event)
        reply.withheld.clear()

    def _start(self, call: ReplyCall) -> ActiveReply:
        self._begun += 1
        plan = self._plan(call)
        number = self._spoken + 1
        reply = ActiveReply(
            number=number,
            plan=plan,
            cause=call.cause,
            turn=call.turn,
            playout=Playout(number, plan.rate, self._lead_ms),
            room=AudioRoom(),
            timeline=call.timeline,
            interruptible=call.interruptible,
            levels=LevelTrack(plan.rate) if self._echo_ear else None,
        )
        crashed = ReplyStageFailed(plan.reply, ErrorCode.INTERNAL, "The reply crashed.")
        task = Reply(plan, self._chat, self._synthesizer, reply.room, self._post)
        reply.task = watched(task.run(), lambda: self._post(crashed))
        return reply

    def _plan(self, call: ReplyCall) -> ReplyPlan:
        return casting.plan(
            call,
            number=self._begun,
            session=self._session,
            rate=self._options.output_rate,
            settings=self._settings,
            config=self.config,
            history=self.history,
        )

    # Remembering -----------------------------------------------------------------------------

    def user_said(self, text: str, now: float) -> None:
        """Remember it, after what was heard of the reply before, or of the one that goes on."""
        self._settle(now)
        (self._meanwhile if self.current else self.history).user_said(text)

    def _assistant_said(self, text: str, *, cut: bool = False) -> None:
        """Remember what was heard of a reply, and then what the user said meanwhile."""
        self.history.assistant_said(text, cut=cut)
        for line in self._meanwhile.lines:
            self.history.user_said(line.text)
        self._meanwhile = History(self.history.bytes_max)

    # Beginning early -------------------------------------------------------------------------

    def foresee(self, call: ReplyCall) -> bool:
        """Begin a reply to a turn that has probably ended, and hold it; False if it is no time."""
        self.forget_foreseen()
        if self.current is None and not self._settling:
            self._held = self._start(call)
        return self._held is not None

    def forget_foreseen(self) -> None:
        """The user goes on: the held reply never existed."""
        held, self._held = self._held, None
        self._waste(held)

    def _waste(self, held: ActiveReply | None) -> None:
        if held is None:
            return
        held.cancel()
        self._metrics.speculations.labels("wasted").inc()
        self._metrics.speculation_wasted_tokens.inc(held.tokens)
        self._metrics.speculation_wasted_seconds.inc(held.playout.made / held.playout.rate)

    # Going on --------------------------------------------------------------------------------

    def take(self, event: ReplyEvent, now: float) -> None:
        """What the reply's task made; dropped if that reply is no longer current."""
        if self.current and event.reply == self.current.plan.reply:
            for out in self.current.take(event, now):
                self._emit(out)
        elif self._held and event.reply == self._held.plan.reply:
            self._held.withheld += self._held.take(event, now)
            if self._held.playout.made or isinstance(event, ReplyVoiceEnded | ReplyStageFailed):
                self._turns.reply_ready()
            self._held.room.set(self._held.playout.unsent_ms < HELD_MS_MAX)
        else:
            self._metrics.late_events.inc()

    def progress(self, now: float) -> None:
        """Send the audio that is due; end the reply that was played; settle the one stopped."""
        if self._settling and now >= self._settling.until:
            self._settle(now)
        if self.current is None:
            return
        silent = not self.current.playout.sent
        for event in self.current.due(now):
            self._emit(event)
        if silent and self.current.playout.sent:
            self._turns.sound()
        if self.current.playout.played_out(now):
            self._finish(self.current, now)

    def next_due(self, now: float) -> float | None:
        """When `progress` has to be called at the latest."""
        times = [self._settling.until] if self._settling else []
        if self.current and (due := self.current.playout.next_due(now)) is not None:
            times.append(due)
        return min(times, default=None)

    def saying(self, now: float) -> str:
        """The words of the current reply that sounded in the last few seconds."""
        if self.current is None:
            return ""
        return self.current.saying(now)

    def invites_answer(self, now: float) -> bool:
        """Whether the reply is nearly over, or has just asked something: "yes" is an answer now."""
        if self.current is None:
            return False
        nearly_over = self.current.playout.left_ms(now) < NEARLY_OVER_MS
        return nearly_over or "?" in self.current.just_said(now)

    @property
    def may_echo(self) -> bool:
        """Whether the client's microphone may hear its loudspeaker."""
        return self._echo_ear is not None

    def hears_itself(self, frame: Samples) -> bool:
        """Whether this frame of microphone is an echo of the reply that plays."""
        if self._echo_ear is None:
            return False
        self._echo_ear.feed(frame)
        reply = self.current
        if reply is None or reply.levels is None or self._turns.floor is Floor.CONTESTED:
            return False
        position = reply.playout.position(self._clock())
        return self._echo_ear.hears(reply.levels.before(position))

    def reported(self, report: PlaybackReported, now: float) -> None:
        """What the client's loudspeaker has done."""
        settling = self._settling.reply if self._settling else None
        reply = next((r for r in (self.current, settling) if r and r.number == report.stream), None)
        if reply is None:
            return
        moving = report.state not in ("paused", "stopped")
        if not reply.playout.report(report.position, moving, now):
            self._metrics.limit_hits.labels("playback_position").inc()
        if report.state == "stopped":
            # Asked for, or the client has thrown the rest away by itself.
            self._settle(now) if reply is settling else self.stop("cancelled", now)

    def _finish(self, reply: ActiveReply, now: float) -> None:
        done = reply.done(now)
        self.current = None
        self._turns.free_floor()
        self._assistant_said(done.text, cut=reply.capped)
        self._metrics.reply_done(done.status, done.metrics)
        self._emit(done)
        if self._waiting:
            self._begin(self._waiting.popleft(), now)

    # Holding on and stopping -----------------------------------------------------------------

    def pause(self, now: float) -> None:
        """Somebody speaks over the reply: hold it where it is."""
        if self.current:
            self.current.playout.pause(now, client_stops="pause" in self._options.features)
            self._emit(PlaybackPaused(self.current.number))

    def resume(self, now: float) -> None:
        """It was nothing: go on with the very next sample."""
        if self.current:
            self.current.playout.resume(now)
            self._emit(PlaybackResumed(self.current.number))
            self._metrics.false_interruptions.inc()

    def stop(self, status: ReplyStatus, now: float) -> None:
        """End the current reply here and now, and forget those that wait."""
        self._waiting.clear()
        reply = self.current
        if reply is None:
            return
        self._settle(now)
        self.current = None
        self._turns.free_floor()
        reply.cancel()
        reply.playout.pause(now, client_stops=True)
        self._emit(
            PlaybackStopped(reply.number, "barge_in" if status == "interrupted" else "cancel")
        )
        self._settling = _Settling(reply, status, now + SETTLE_S)
        if not self._options.playback_reports or not reply.playout.sent:
            self._settle(now)

    def _settle(self, now: float) -> None:
        """Decide what was heard of the reply that was stopped, and remember it."""
        if self._settling is None:
            return
        reply, status = self._settling.reply, self._settling.status
        self._settling = None
        heard, events = reply.cut(status, now)
        self._assistant_said(heard, cut=True)
        self._metrics.reply_done(status, reply.timeline.metrics())
        for event in events:
            self._emit(event)

    def close(self) -> None:
        """The session is over."""
        self._waiting.clear()
        self.forget_foreseen()
        if self.current:
            self.current.cancel()
            self.current = None
