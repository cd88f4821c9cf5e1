"""The speaking half of a conversation: at most one reply at a time, and what is remembered of it.

Starts a reply as one task, hands its audio to the client at the pace of playback, and remembers it
when it was played. Stopping cancels the task at once and tells the client to stop playing; then it
waits a moment for the client to say how far it got, so that the history keeps exactly the words
that were heard. Nothing of a stopped reply is sent later: what still arrives has another number.

A reply may be begun before the user's turn has ended. It is made like any other, but held: nothing
of it is sent or remembered until it is released, and if the user goes on it never existed.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from audio import Samples
from models.llm import ChatModel
from models.tts import Synthesizer
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.conversation.active_reply import ActiveReply, ReplyEvent
from voice_server.conversation.aftermath import Aftermath
from voice_server.conversation.asides import Asides
from voice_server.conversation.casting import ReplyCall, same_reply
from voice_server.conversation.memory import Memory
from voice_server.conversation.reply_maker import ReplyMaker
from voice_server.conversation.self_hearing import SelfHearing
from voice_server.conversation.tool_calls import ToolCalls
from voice_server.conversation.turns import Floor, Turns
from voice_server.metrics import Metrics
from voice_server.settings import Settings
from voice_server.toolbox import ServerTool

HELD_MS_MAX = 1500
"""Audio a held reply may make: the first clause, and a little."""

NEARLY_OVER_MS = 600
"""With so little left, a listener's "yes" is an answer."""

CALLS_WAITING_MAX = 16
"""Replies that may wait for the current one."""


class Speaker:
    """One session's voice."""

    def __init__(
        self,
        *,
        session: str,
        settings: Settings,
        options: ev.SessionOptions,
        chat: ChatModel,
        synthesizer: Synthesizer,
        tools: Mapping[str, ServerTool],
        turns: Turns,
        metrics: Metrics,
        clock: Callable[[], float],
        emit: Callable[[ev.ServerEvent], None],
        post: Callable[[ev.InnerEvent], None],
    ) -> None:
        self.memory = Memory(session, settings.llm.history_bytes_max, emit)
        self.calls = ToolCalls(
            settings=settings.tools, tools=tools, memory=self.memory, metrics=metrics, post=post
        )
        self.current: ActiveReply | None = None
        self.away = False
        """Nobody is there to hear it: audio waits, text goes on."""
        self._maker = ReplyMaker(
            session=session,
            settings=settings,
            options=options,
            chat=chat,
            synthesizer=synthesizer,
            tools=tools,
            post=post,
        )
        self.asides = Asides(self._maker, metrics, emit)
        self._self_hearing = SelfHearing(options.echo_cancelled)
        self._held: ActiveReply | None = None
        self._aftermath = Aftermath(self.memory, metrics, emit)
        self._waiting: deque[ReplyCall] = deque()
        self.told = 0
        """Replies that the client was told of."""
        self._session = session
        self._turns = turns
        self._metrics = metrics
        self._clock = clock
        self._emit = emit

    def configure(self, config: ev.SessionConfig) -> None:
        """For the next reply."""
        self._maker.config = config

    def reformat(self, options: ev.SessionOptions) -> None:
        """Another output format, from the next reply on."""
        self._maker.options = options

    @property
    def busy(self) -> bool:
        """Whether a reply is being made or played, or it is not known yet how far it was heard."""
        return self.current is not None or self._aftermath.settling is not None

    # Starting --------------------------------------------------------------------------------

    @property
    def full(self) -> bool:
        """Whether no further reply may wait."""
        return len(self._waiting) >= CALLS_WAITING_MAX

    def call(self, call: ReplyCall, now: float) -> None:
        """Reply now, or after the reply that is not stopped for this."""
        if call.request.aside and call.request.speaks is False:
            self._call_aside(call)
            return
        if call.cause in ("text", "request") and not call.follows:
            self.give_way(now)
        if self.current is None:
            self._begin(call, now)
        elif not self.full:
            self._waiting.append(call)
            self._follow_on(now)
        else:
            message = f"{CALLS_WAITING_MAX} replies are waiting already. Wait for response.done."
            self._emit(ev.ErrorRaised(ErrorCode.RATE_LIMITED, message))

    def give_way(self, now: float) -> None:
        """Stop the current reply, unless it may not be stopped."""
        if self.current and self.current.interruptible:
            self.stop("cancelled", now)

    def _call_aside(self, call: ReplyCall) -> None:
        """Numbers are given in the order of telling, so what is held takes another."""
        self.forget_foreseen()
        self.told += 1
        self.asides.begin(call, self.memory.items, self.told)

    def _begin(self, call: ReplyCall, now: float, starts_at: float = 0.0) -> None:
        """Give the floor to a new reply, or to the held one if it would be the same."""
        self._aftermath.settle(now)
        held, self._held = self._held, None
        plan = self._maker.plan(call, self._items(call))
        if held and held.turn == call.turn and same_reply(held.plan, plan):
            self._metrics.speculations.labels("used").inc()
            held.playout.start_at(starts_at)
            self._take_floor(held)
        else:
            self._waste(held)
            self._take_floor(self._start(call, starts_at))

    def _take_floor(self, reply: ActiveReply) -> None:
        self.current = reply
        self.told = reply.number
        self._turns.take_floor(reply.interruptible)
        self._emit(
            ev.ReplyStarted(reply.number, reply.cause, reply.turn, reply.request, reply.plan.speaks)
        )
        for event in reply.withheld:
            self._tell(reply, event)
        reply.withheld.clear()

    def _start(self, call: ReplyCall, starts_at: float = 0.0) -> ActiveReply:
        return self._maker.begin(call, self._items(call), self.told + 1, starts_at=starts_at)

    def _items(self, call: ReplyCall) -> Sequence[ev.Item]:
        """The conversation as this reply should see it."""
        return self.memory.items if call.foreseen is None else self.memory.foreseen(call.foreseen)

    def _tell(self, reply: ActiveReply, event: ev.ServerEvent) -> None:
        """Say it to the client, and remember what has to be remembered at once."""
        if isinstance(event, ev.ReplyText) and not reply.remembered and reply.remembers:
            reply.remembered = True
            self.memory.reply_began(reply.number, spoken=reply.plan.speaks)
        self._emit(event)
        if isinstance(event, ev.ToolCalled) and reply.remembers:
            self.calls.called(event, reply.turn)

    def user_said(self, text: str, now: float, turn: int | None = None) -> None:
        """Remember it, after what was heard of the reply before."""
        self._aftermath.settle(now)
        if text:
            self.calls.leave()
        self.memory.user_said(text, turn)

    # One after the other ---------------------------------------------------------------------

    def _follow_on(self, now: float) -> None:
        """Begin what comes after the current reply, as early as it cannot be heard too early.

        While the current one is still being sent, the next is held; once all of it is on its way,
        the next gets the floor, and its audio follows without a gap.
        """
        reply = self.current
        contested = self._turns.floor is Floor.CONTESTED
        if reply is None or contested or not self._waiting or not self._waiting[0].follows:
            return
        if reply.playout.sent_out:
            call, ends_at = self._waiting.popleft(), reply.playout.ends_at(now)
            self._end(reply, now)
            self._begin(call, now, ends_at)
        elif reply.text_done and self._held is None:
            self.memory.reply_grew(reply.number, reply.text)
            self._held = self._start(self._waiting[0])

    def sounding(self, now: float) -> ActiveReply | None:
        """The reply that is heard now."""
        return self._aftermath.tail(now) or self.current

    # Beginning early -------------------------------------------------------------------------

    def foresee(self, call: ReplyCall) -> bool:
        """Begin a reply to a turn that has probably ended, and hold it; False if it is no time."""
        self.forget_foreseen()
        if self.current is None and not self._aftermath.settling:
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
                self._tell(self.current, out)
        elif self._held and event.reply == self._held.plan.reply:
            self._held.withheld += self._held.take(event, now)
            if self._held.playout.made or isinstance(
                event, ev.ReplyVoiceEnded | ev.ReplyStageFailed
            ):
                self._turns.reply_ready()
            self._held.room.set(self._held.playout.unsent_ms < HELD_MS_MAX)
        elif not self.asides.take(event, now):
            self._metrics.late_events.inc()

    def progress(self, now: float) -> None:
        """Send the audio that is due; end the reply that was played; settle the one stopped."""
        if (due := self._aftermath.due) is not None and now >= due:
            self._aftermath.settle(now)
        if self.current is None or self.away:
            return
        silent = not self.current.playout.sent
        for event in self.current.due(now):
            self._emit(event)
            if isinstance(event, ev.TurnMeasured):
                self._metrics.turn_measured(self._session, event)
        if silent and self.current.playout.sent:
            self._turns.sound()
        self._follow_on(now)
        if self.current.playout.played_out(now):
            self._finish(self.current, now)

    def next_due(self, now: float) -> float | None:
        """When `progress` has to be called at the latest."""
        times = [due] if (due := self._aftermath.due) is not None else []
        present = None if self.away else self.current
        if present and (due := present.playout.next_due(now)) is not None:
            times.append(due)
        return min(times, default=None)

    def saying(self, now: float) -> str:
        """The words that sounded in the last few seconds."""
        reply = self.sounding(now)
        return reply.saying(now) if reply else ""

    def invites_answer(self, now: float) -> bool:
        """Whether the reply is nearly over, or has just asked something: "yes" is an answer now."""
        if self.current is None:
            return False
        nearly_over = self.current.playout.left_ms(now) < NEARLY_OVER_MS
        return nearly_over or "?" in self.current.just_said(now)

    @property
    def may_echo(self) -> bool:
        """Whether the client's microphone may hear its loudspeaker."""
        return self._self_hearing.possible

    def hears_itself(self, frame: Samples) -> bool:
        """Whether this frame of microphone is an echo of the reply that plays."""
        now = self._clock()
        plays = self.current and self._turns.floor is not Floor.CONTESTED
        return self._self_hearing.hears(frame, self.sounding(now) if plays else None, now)

    def warm_up(self) -> None:
        """The user speaks: have the language model read what it knows already."""
        self._maker.warm(self.memory.items)

    def reported(self, report: ev.PlaybackReported, now: float) -> None:
        """What the client's loudspeaker has done."""
        if (reply := self._known(report.stream)) is None:
            return
        moving = report.state not in ("paused", "stopped")
        if not reply.playout.report(report.position, moving, now):
            self._metrics.limit_hits.labels("playback_position").inc()
        if report.state != "stopped":
            return
        if reply is self._aftermath.settling:
            self._aftermath.settle(now)
        elif reply is self.current:
            self.stop("cancelled", now)  # the client has thrown the rest away by itself

    def clipped(self, event: ev.ReplyClipped, now: float) -> bool:
        """The client played a reply only so far; False if there is no such reply."""
        reply = self._known(event.reply)
        if reply is None:
            return False
        reply.playout.report(event.ms * reply.playout.rate // 1000, False, now)
        if reply is self.current:
            self.stop("cancelled", now)
            self._aftermath.settle(now)
        elif reply is self._aftermath.settling:
            self._aftermath.settle(now)
        else:
            self._aftermath.cut(reply, now)
        return True

    def _known(self, number: int) -> ActiveReply | None:
        if self.current and self.current.number == number:
            return self.current
        return self._aftermath.find(number)

    def _finish(self, reply: ActiveReply, now: float) -> None:
        self._end(reply, now)
        if self._waiting:
            self._begin(self._waiting.popleft(), now)

    def _end(self, reply: ActiveReply, now: float) -> None:
        self.current = None
        self._turns.free_floor()
        self._aftermath.completed(reply, now)

    # Holding on and stopping -----------------------------------------------------------------

    def pause(self, now: float) -> None:
        """Somebody speaks over the reply: hold it where it is."""
        for reply in (self._aftermath.tail(now), self.current):
            if reply:
                reply.playout.pause(now, client_stops="pause" in self._maker.options.features)
                self._emit(ev.PlaybackPaused(reply.number))

    def resume(self, now: float) -> None:
        """It was nothing: go on with the very next sample."""
        for reply in (self._aftermath.tail(now), self.current):
            if reply:
                reply.playout.resume(now)
                self._emit(ev.PlaybackResumed(reply.number))
        if self.current:
            self._metrics.false_interruptions.inc()

    def cancel(self, number: int | None, now: float) -> bool:
        """Stop a reply because the client asks; False if there is none such."""
        if self.asides.cancel(number, now) and number is not None:
            return True
        if self.current and number in (None, self.current.number):
            self.stop("cancelled", now)
            return True
        return False

    def stop(self, status: ev.ReplyStatus, now: float) -> None:
        """End the current reply here and now, and forget those that wait."""
        self._waiting.clear()
        self.calls.leave()
        if (reply := self.current) is None:
            return
        self.forget_foreseen()
        self._aftermath.settle(now)
        reason: Literal["barge_in", "cancel"] = "barge_in" if status == "interrupted" else "cancel"
        if tail := self._aftermath.tail(now):
            self._emit(ev.PlaybackStopped(tail.number, reason))
            self._aftermath.cut(tail, now)
        self.current = None
        self._turns.free_floor()
        reply.cancel()
        reply.playout.pause(now, client_stops=True)
        self._emit(ev.PlaybackStopped(reply.number, reason))
        wait = self._maker.options.playback_reports and reply.playout.sent > 0
        self._aftermath.stopped(reply, status, now, wait=wait)

    def close(self) -> None:
        """The session is over."""
        self._waiting.clear()
        self.calls.close()
        self.asides.close()
        self._maker.close()
        self.forget_foreseen()
        if self.current:
            self.current.cancel()
            self.current = None
