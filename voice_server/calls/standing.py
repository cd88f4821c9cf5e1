"""How a conversation stands, as far as its client was told. Pure.

Everything that another process must know to go on is read off the events, in the order in which
they are told: so what is kept and what the client has seen can never differ. Only what has no
event and may be said twice (the microphone's switch, playback reports) comes from the client.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from voice_server import events as ev
from voice_server.conversation.beginning import OpenCall
from voice_server.conversation.history import FRONT, History

ACKNOWLEDGED_MAX = 256
"""Ids of messages that were obeyed, the newest: as many as a wire remembers."""

MARKS_MAX = 512
"""Words of an open reply that were sent and may not have been heard yet."""


@dataclass(slots=True)
class OpenReply:
    """A reply that has begun and is not done."""

    number: int
    cause: ev.ReplyCause
    turn: int | None = None
    speaks: bool = True
    request: ev.ReplyRequested | None = field(default=None, repr=False)
    text: str = field(default="", repr=False)
    whole: bool = False
    """That is all of its text."""
    sent: int = 0
    """Samples of its audio that went out."""
    reported: int | None = None
    """Samples that the client says it has played."""
    marks: list[tuple[int, int]] = field(default_factory=list)
    """The words that were sent: the sample and the character after each."""
    called: bool = False
    """It has called a tool: what follows is another reply."""

    @property
    def remembers(self) -> bool:
        """Whether it belongs to the conversation."""
        return self.request is None or not self.request.aside

    def position(self, has: int | None) -> int:
        """The sample up to which it was heard; `has`: samples that arrived, if the client knows."""
        if self.reported is not None:
            return min(self.reported, self.sent)
        return self.sent if has is None else min(has, self.sent)

    def heard(self, position: int) -> str:
        """Its text up to the last word that was heard whole; writing is read as it comes."""
        if not self.speaks:
            return self.text
        ends = [end_char for end_sample, end_char in self.marks if end_sample <= position]
        return self.text[: max(ends, default=0)]


@dataclass(slots=True)
class Standing:
    """What changes from event to event, apart from what was said."""

    sent: int = 0
    """Number of the newest event."""
    covered: int = 0
    """Samples of the microphone that are done with."""
    turn: int = 0
    """Number of the newest turn."""
    reply: int = 0
    """Number of the newest reply."""
    others: int = 0
    """Items that ever entered the conversation."""
    turns: dict[int, int | None] = field(default_factory=dict)
    """The turns without a final: the millisecond of microphone where each has ended, if it has."""
    owed: int | None = None
    """The turn that was understood and has no reply yet."""
    calls: dict[str, OpenCall] = field(default_factory=dict)
    muted: bool = False
    awake: bool = False
    """The wake phrase was said, and it has not become quiet since."""
    config: ev.SessionConfig = field(default_factory=ev.SessionConfig, repr=False)


class Conversation:
    """A `Standing` with what was said, kept up to date."""

    def __init__(
        self,
        standing: Standing,
        history: History,
        replies: Iterable[OpenReply] = (),
        acknowledged: Iterable[str] = (),
    ) -> None:
        self.standing = standing
        self.history = history
        self.replies = {reply.number: reply for reply in replies}
        """The open ones."""
        self.acknowledged = list(acknowledged)
        self.changed: set[str] = set()
        """Which of `items`, `replies` and `acknowledged` have changed since it was emptied."""
        self._called: dict[str, OpenCall] = {}

    # What the client is told -----------------------------------------------------------------

    def told(self, event: ev.ServerEvent) -> None:
        """See an event that the client is told now."""
        match event:
            case ev.SpeechStarted() | ev.SpeechStopped() | ev.FinalTranscript() | ev.InputFlow():
                self._hear(event)
            case ev.ItemAdded() | ev.ItemChanged() | ev.ItemRemoved():
                self._remember(event)
            case ev.ReplyStarted():
                self._begin(event)
            case ev.ReplyDone(reply=number):
                self.replies.pop(number, None)
                self.changed.add("replies")
            case ev.MessageAcknowledged(id):
                self.acknowledged = [*self.acknowledged, id][-ACKNOWLEDGED_MAX:]
                self.changed.add("acknowledged")
            case ev.ConfigConfirmed(asked=config):
                self.standing.config = config
            case ev.Noticed(code="awake" | "asleep" as code):
                self.standing.awake = code == "awake"
            case _:
                self._follow(event)

    def _hear(
        self, event: ev.SpeechStarted | ev.SpeechStopped | ev.FinalTranscript | ev.InputFlow
    ) -> None:
        standing = self.standing
        match event:
            case ev.SpeechStarted(turn):
                standing.turn = max(standing.turn, turn)
                standing.turns[turn] = None
            case ev.SpeechStopped(turn, ms, heard_ms) if turn in standing.turns:
                standing.turns[turn] = max(ms, heard_ms)
            case ev.FinalTranscript(turn, covered=covered):
                standing.turns.pop(turn, None)
                standing.covered = max(standing.covered, covered or 0)
            case ev.InputFlow(covered=covered):
                standing.covered = max(standing.covered, covered or 0)
            case _:
                pass

    # What is remembered ----------------------------------------------------------------------

    def _remember(self, event: ev.ItemAdded | ev.ItemChanged | ev.ItemRemoved) -> None:
        self.changed.add("items")
        match event:
            case ev.ItemAdded(item, after):
                if not self.history.find(item.id):
                    self.history.add(item, self._place_after(after))
                self._follow_item(item)
            case ev.ItemChanged(item):
                self.history.change(item)
            case ev.ItemRemoved(id):
                if self.history.find(id):
                    self.history.remove(id)

    def _place_after(self, id: str | None) -> str | None:
        """Where an item goes that was told to follow this one: at the end if that is forgotten."""
        if id is None:
            return FRONT
        return id if self.history.find(id) else None

    def _follow_item(self, item: ev.Item) -> None:
        standing = self.standing
        standing.others += 1
        if item.kind == "tool_call" and (call := self._called.pop(item.call, None)):
            standing.calls[item.call] = call
        elif item.kind == "tool_result":
            standing.calls.pop(item.call, None)
        elif item.role == "user":
            standing.calls = {
                id: replace(call, goes_on=False) for id, call in standing.calls.items()
            }
            standing.owed = standing.turn if item.spoken else None

    # Replies ---------------------------------------------------------------------------------

    def _begin(self, event: ev.ReplyStarted) -> None:
        self.standing.reply = max(self.standing.reply, event.reply)
        reply = OpenReply(event.reply, event.cause, event.turn, event.speaks, event.request)
        self.replies[event.reply] = reply
        self.changed.add("replies")
        if reply.remembers:
            self.standing.owed = None

    def _follow(self, event: ev.ServerEvent) -> None:
        match event:
            case ev.ReplyText(number, text) if reply := self.replies.get(number):
                reply.text += text
                if not reply.speaks:  # what is spoken counts when its words are sent
                    self.changed.add("replies")
            case ev.ReplyTextDone(number, text) if reply := self.replies.get(number):
                reply.text, reply.whole = text, True
                self.changed.add("replies")
            case ev.ToolCalled(number) if reply := self.replies.get(number):
                reply.called = True
                self._called[event.call] = OpenCall(event.call, number, reply.turn, event.by_server)
                self.changed.add("replies")
            case ev.AudioMarked(stream=number) if reply := self.replies.get(number):
                reply.marks = [*reply.marks, (event.end_position, event.end_char)][-MARKS_MAX:]
                self.changed.add("replies")
            case ev.AudioFrame(number, position) if reply := self.replies.get(number):
                reply.sent = position + len(event.samples)
                self.changed.add("replies")
            case _:
                pass

    # What the client says --------------------------------------------------------------------

    def heard(self, event: ev.ClientEvent) -> None:
        """See what the client says about itself, which no event confirms."""
        match event:
            case ev.Identified(_, inner):
                self.heard(inner)
            case ev.MicrophoneMuted(muted):
                self.standing.muted = muted
            case ev.PlaybackReported(number, position) if reply := self.replies.get(number):
                reply.reported = max(reply.reported or 0, position)
                self.changed.add("replies")
            case _:
                pass
