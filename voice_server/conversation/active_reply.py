"""One reply from its first token to its last sound, as the session sees it.

An `ActiveReply` collects what the reply's task posts: text, audio, failures. It knows what was
written, made, sent and heard, and turns each step into events for the client. When it is stopped,
it says what to remember.
"""

import asyncio
from dataclasses import dataclass, field

from audio.echo import LevelTrack
from voice_server.closes import ErrorCode
from voice_server.conversation.playout import Playout
from voice_server.conversation.reply import AudioRoom, ReplyPlan
from voice_server.conversation.timeline import Stage, Timeline
from voice_server.events import (
    AudioFrame,
    ErrorRaised,
    ReplyCause,
    ReplyClauseCut,
    ReplyDone,
    ReplyRequested,
    ReplyStageFailed,
    ReplyStatus,
    ReplyText,
    ReplyTextDone,
    ReplyTextEnded,
    ReplyToolWritten,
    ReplyTruncated,
    ReplyVoiced,
    ReplyVoiceEnded,
    ReplyWritten,
    ServerEvent,
    ToolCalled,
    ToolCallWritten,
    TurnMeasured,
)

UNSENT_MS_MAX = 4000
"""Audio made but not yet sent; then the voice waits."""

ECHO_S = 4.0
"""How long ago something may have been said that a microphone hears now."""

JUST_S = 1.5
"""How long ago something may have been said that is answered now."""

ReplyEvent = (
    ReplyWritten
    | ReplyToolWritten
    | ReplyClauseCut
    | ReplyVoiced
    | ReplyTextEnded
    | ReplyVoiceEnded
    | ReplyStageFailed
)


@dataclass(slots=True)
class ActiveReply:
    """The reply that holds the floor."""

    number: int
    """What the client knows it by, and its stream."""
    plan: ReplyPlan
    """With the number that its task posts under: other than a reply that was begun in vain."""
    cause: ReplyCause
    turn: int | None
    playout: Playout
    room: AudioRoom
    timeline: Timeline
    request: ReplyRequested | None = None
    """What the client asked for, if it did."""
    interruptible: bool = True
    task: asyncio.Task[None] | None = None
    text: str = field(default="", repr=False)
    calls: dict[str, ToolCalled] = field(default_factory=dict, repr=False)
    """By id, as far as they are written."""
    usage: dict[str, int] = field(default_factory=dict)
    status: ReplyStatus = "completed"
    tokens: int = 0
    """Pieces of text the language model made."""
    withheld: list[ServerEvent] = field(default_factory=list, repr=False)
    """What a reply begun early would have said to the client."""
    levels: LevelTrack | None = None
    """Loudness of what was sent, for a client that may hear itself."""
    capped: bool = False
    """It was longer than one may be; the rest was not spoken."""
    remembered: bool = False
    """It has its place in the history."""
    text_done: bool = False

    @property
    def remembers(self) -> bool:
        """Whether the conversation is to remember it."""
        return self.request is None or not self.request.aside

    def take(self, event: ReplyEvent, now: float) -> list[ServerEvent]:
        """Note what the reply's task made."""
        match event:
            case ReplyWritten(text=text):
                self.timeline.mark(Stage.FIRST_TOKEN, now)
                self.text += text
                self.tokens += 1
                return [ReplyText(self.number, text)]
            case ReplyToolWritten():
                return [self._write_call(event)]
            case ReplyClauseCut():
                self.timeline.mark(Stage.FIRST_CLAUSE, now)
            case ReplyVoiced(samples=samples, marks=marks):
                self.timeline.mark(Stage.FIRST_VOICE, now)
                self.playout.add(samples, marks)
            case ReplyTextEnded(reason=reason, usage=usage):
                self.usage = dict(usage)
                self.status = "length" if reason == "length" else self.status
                return self._end_text()
            case ReplyVoiceEnded(whole=whole):
                self.playout.complete()
                self.capped = not whole
                self.status = self.status if whole else "length"
                return self._end_text()
            case ReplyStageFailed(code=code, message=message):
                self.status = "failed"
                error = ErrorRaised(code, message)
                if code is not ErrorCode.INTERNAL:
                    return [error]
                self.playout.complete()
                return [error, *self._end_text()]
        return []

    def due(self, now: float) -> list[ServerEvent]:
        """Audio that may be sent now, and the end if everything was played."""
        events: list[ServerEvent] = []
        for event in self.playout.due(now):
            events.append(event)
            if self.levels and isinstance(event, AudioFrame):
                self.levels.add(event.samples)
            first = isinstance(event, AudioFrame) and event.first
            if first and self.timeline.mark(Stage.FIRST_SENT, now):
                events.append(TurnMeasured(self.number, self.turn, self.timeline.metrics()))
        self.room.set(self.playout.unsent_ms < UNSENT_MS_MAX)
        return events

    def saying(self, now: float) -> str:
        """The words that sounded in the last few seconds, with those that sound next."""
        start, end = self.playout.sounding(now, ECHO_S)
        return self.text[start:end]

    def just_said(self, now: float) -> str:
        """The words that were heard whole in the last moments."""
        start, _ = self.playout.sounding(now, JUST_S)
        return self.text[start : self.playout.heard(now).end_char]

    def cancel(self) -> None:
        """Stop making it. Whatever still arrives carries a number that is no longer current."""
        if self.task:
            self.task.cancel()

    def done(self, now: float) -> ReplyDone:
        """The end of a reply that was played to its end: all of it, or what there was time for."""
        text = self._heard_text(now) if self.capped else self.text
        return self._done(self.status, text)

    def truncated(self, now: float) -> ReplyTruncated:
        """What was heard of a reply that was cut."""
        heard, text = self.playout.heard(now), self._heard_text(now)
        return ReplyTruncated(
            reply=self.number,
            heard=text,
            unheard=self.text[len(text) :],
            position=heard.position,
            ms=heard.position * 1000 // self.playout.rate,
            basis=heard.basis,
        )

    def stopped(self, status: ReplyStatus, now: float) -> ReplyDone:
        """The end of a reply that was cut."""
        return self._done(status, self._heard_text(now))

    def _heard_text(self, now: float) -> str:
        """What is only written is read as it comes."""
        end_char = self.playout.heard(now).end_char if self.plan.speaks else len(self.text)
        return self.text[:end_char]

    def _write_call(self, piece: ReplyToolWritten) -> ServerEvent:
        by_server = piece.name in self.plan.server_tools
        so_far = self.calls[piece.call].arguments if piece.call in self.calls else ""
        arguments = so_far + piece.arguments
        self.tokens += 1
        self.calls[piece.call] = ToolCalled(
            self.number, piece.call, piece.name, arguments, by_server
        )
        return ToolCallWritten(self.number, piece.call, piece.name, piece.arguments, by_server)

    def _end_text(self) -> list[ServerEvent]:
        """All text is there, and so are all calls: half a call is none."""
        if self.text_done:
            return []
        self.text_done = True
        calls = self.calls.values() if self.status == "completed" else ()
        cut = self.status == "length"
        return [*calls, ReplyTextDone(self.number, self.text, self.usage, cut)]

    def _done(self, status: ReplyStatus, text: str) -> ReplyDone:
        return ReplyDone(self.number, status, text, self.usage, self.timeline.metrics())
