"""One telephone call as a `Wire`: the same for every protocol.

What the peer says comes from its dialect as signals and leaves as events; what the session tells
becomes orders to the peer's queue. In between: the caller's audio is put in order, marks become
playback reports, and a call is opened, greeted and ended in good manners. Pure, and `receive` never
raises.
"""

from typing import assert_never

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires.phone import (
    CallEnded,
    CallerAudio,
    CallStarted,
    Dialect,
    FlowChanged,
    KeyPressed,
    MarkReached,
    Misunderstood,
    Order,
    Signal,
)
from voice_server.wires.phone.chunk_order import ChunkOrder
from voice_server.wires.phone.far_end import FarEnd
from voice_server.wires.phone.manners import Manners
from voice_server.wires.phone.policy import CallPolicy, call_name

KEYS = frozenset("0123456789*#ABCD")


class PhoneWire:
    """One call's translator."""

    def __init__(self, dialect: Dialect, policy: CallPolicy) -> None:
        self.call = dialect.peer
        """Peer and call, for the logs; the peer alone until the call has a name."""
        self._dialect = dialect
        self._policy = policy
        self._manners = Manners(policy.phone)
        self._far_end: FarEnd | None = None
        self._order: ChunkOrder | None = None

    # From the peer ---------------------------------------------------------------------------

    def greet(self) -> list[ev.ClientEvent]:
        """Connecting says nothing yet: the call has to be named first."""
        return []

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate one message."""
        events = [event for signal in self._dialect.read(data) for event in self._take(signal)]
        return events + self._manners.take() if self._far_end else events

    def _take(self, signal: Signal) -> list[ev.ClientEvent]:
        match signal:
            case Misunderstood(message, code, fatal):
                return [ev.MessageRefused(code, message, fatal=fatal)]
            case CallStarted():
                return self._open(signal)
            case CallEnded():
                return [ev.SessionEnded()]
            case CallerAudio():
                return self._hear(signal)
            case MarkReached(name):
                report = self._far_end.reached(name) if self._far_end else None
                return [report] if report else []
            case KeyPressed(key):
                return self._press(key.upper())
            case FlowChanged(open):
                if self._far_end:
                    self._far_end.flow(open)
                return []
            case _:
                assert_never(signal)

    def _open(self, started: CallStarted) -> list[ev.ClientEvent]:
        if self._far_end:
            return [_refused("The call has started already.")]
        self.call = call_name(self._dialect.peer, started.call)
        if refusal := self._policy.refusal(started):
            return [refusal]
        self._far_end = FarEnd(started.format.rate, can_pause=self._dialect.can_pause)
        self._order = ChunkOrder(started.format)
        options = self._policy.options(self._dialect.peer, started, ("pause",))
        opened: list[ev.ClientEvent] = [ev.SessionOpened(options)]
        greeting = started.parameters.get("greeting") or self._policy.phone.greeting
        return [*opened, ev.SayRequested(greeting)] if greeting else opened

    def _hear(self, audio: CallerAudio) -> list[ev.ClientEvent]:
        if self._far_end is None or self._order is None:
            return [_refused("Audio came before the call has started.")]
        events = self._order.take(audio)
        for event in events:
            ms = self._duration_ms(event)
            self._far_end.pass_time(ms)
            self._manners.pass_time(ms)
        return list(events)

    def _duration_ms(self, event: ev.AudioReceived | ev.AudioMissed) -> float:
        assert self._order
        if isinstance(event, ev.AudioReceived):
            return self._order.format.duration_ms(len(event.data))
        return event.samples * 1000 / self._order.format.rate

    def _press(self, key: str) -> list[ev.ClientEvent]:
        if key not in KEYS:
            return [_refused("A telephone has the keys 0 to 9, *, # and A to D.")]
        return [ev.DigitPressed(key)] if self._far_end else []

    # To the peer -----------------------------------------------------------------------------

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event; what waited for room in the peer's queue goes first.

        There is an event at least every tenth of a second: how loud the caller is.
        """
        waited = self._far_end.due() if self._far_end else []
        ends = self._manners.note(event) or _ends(event)
        orders: list[Order] = [*waited, *self._orders(event)]
        if ends:
            orders.append("hang_up")
        return [message for order in orders for message in self._dialect.write(order)]

    def _orders(self, event: ev.ServerEvent) -> list[Order]:
        far_end = self._far_end
        if far_end is None:
            return []
        match event:
            case ev.AudioFrame():
                return far_end.play(event)
            case ev.PlaybackPaused():
                return far_end.pause()
            case ev.PlaybackResumed():
                return far_end.resume()
            case ev.PlaybackStopped():
                return far_end.stop()
            case _:
                return _untold(event)


Untold = (
    ev.SessionReady
    | ev.StateChanged
    | ev.LevelMeasured
    | ev.SpeechStarted
    | ev.SpeechStopped
    | ev.PartialTranscript
    | ev.FinalTranscript
    | ev.ReplyStarted
    | ev.ReplyText
    | ev.ReplyTextDone
    | ev.ToolCallWritten
    | ev.ToolCalled
    | ev.ItemAdded
    | ev.ItemChanged
    | ev.ItemRemoved
    | ev.ItemsShown
    | ev.FormatsConfirmed
    | ev.AudioStarted
    | ev.AudioMarked
    | ev.AudioDone
    | ev.ReplyTruncated
    | ev.TurnMeasured
    | ev.ReplyDone
    | ev.ConfigConfirmed
    | ev.InputFlow
    | ev.MessageAcknowledged
    | ev.Ponged
    | ev.Noticed
    | ev.ErrorRaised
    | ev.GoingAway
)
"""What a telephone has no words for."""


def _untold(event: Untold) -> list[Order]:
    """A new event that is not listed fails the type check where this is called."""
    return []


def _ends(event: ev.ServerEvent) -> bool:
    """Whether the connection closes after this event."""
    return isinstance(event, ev.GoingAway) or (isinstance(event, ev.ErrorRaised) and event.fatal)


def _refused(message: str, code: ErrorCode = ErrorCode.BAD_REQUEST) -> ev.MessageRefused:
    return ev.MessageRefused(code, message)
