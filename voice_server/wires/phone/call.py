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
    Play,
    Signal,
)
from voice_server.wires.phone.chunk_order import ChunkOrder
from voice_server.wires.phone.comfort import SILENCE, Comfort, Phrase
from voice_server.wires.phone.courtesy import Courtesy
from voice_server.wires.phone.far_end import FarEnd
from voice_server.wires.phone.keypad import KEYS, Keypad
from voice_server.wires.phone.policy import CallPolicy, call_name


class PhoneWire:
    """One call's translator."""

    def __init__(self, dialect: Dialect, policy: CallPolicy, filler: Phrase = SILENCE) -> None:
        """`filler` is what is said while an answer takes long."""
        self.call = dialect.peer
        """Peer and call, for the logs; the peer alone until the call has a name."""
        self._dialect = dialect
        self._policy = policy
        self._courtesy = Courtesy(policy.phone)
        self._keypad = Keypad(policy.phone)
        self._filler = filler
        self._replying = False
        self._comfort: Comfort | None = None
        self._far_end: FarEnd | None = None
        self._order: ChunkOrder | None = None

    @property
    def nameless(self) -> bool:
        """Whether it is still to be said, and proved, which call this is."""
        return self._far_end is None and not self._policy.vouched

    # From the peer ---------------------------------------------------------------------------

    def greet(self) -> list[ev.ClientEvent]:
        """Connecting says nothing yet: the call has to be named first."""
        return []

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate one message."""
        events = [event for signal in self._dialect.read(data) for event in self._take(signal)]
        return events + self._courtesy.take() if self._far_end else events

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
        rate = started.format.rate
        self._far_end = FarEnd(rate, can_pause=self._dialect.can_pause)
        own_voice = {"voice", "language"} & started.parameters.keys()
        filler = SILENCE if own_voice else self._filler
        self._comfort = Comfort(filler.at(rate), rate, self._policy.phone.filler_ms)
        self._order = ChunkOrder(started.format)
        options = self._policy.options(self._dialect.peer, started, ("pause",))
        return [ev.SessionOpened(options)]

    def _hear(self, audio: CallerAudio) -> list[ev.ClientEvent]:
        if self._far_end is None or self._order is None or self._comfort is None:
            return [_refused("Audio came before the call has started.")]
        events = self._order.take(audio)
        ms = sum(map(self._duration_ms, events))
        for watch in (self._far_end, self._courtesy, self._comfort):
            watch.pass_time(ms)
        return [*events, *self._keypad.pass_time(ms)]

    def _duration_ms(self, event: ev.AudioReceived | ev.AudioMissed) -> float:
        assert self._order
        if isinstance(event, ev.AudioReceived):
            return self._order.format.duration_ms(len(event.data))
        return event.samples * 1000 / self._order.format.rate

    def _press(self, key: str) -> list[ev.ClientEvent]:
        if key not in KEYS:
            return [_refused("A telephone has the keys 0 to 9, *, # and A to D.")]
        return self._keypad.press(key, replying=self._replying) if self._far_end else []

    # To the peer -----------------------------------------------------------------------------

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event; what is due anyway goes first.

        There is an event at least every tenth of a second: how loud the caller is.
        """
        orders = [*self._late_orders(event), *self._orders(event)]
        if isinstance(event, ev.ReplyStarted | ev.ReplyDone):
            self._replying = isinstance(event, ev.ReplyStarted)
        if self._courtesy.note(event) or _ends(event):
            orders.append("hang_up")
        return [message for order in orders for message in self._dialect.write(order)]

    def _late_orders(self, event: ev.ServerEvent) -> list[Order]:
        """What is due whatever happens: filler, and what waited for room in the peer's queue."""
        if self._far_end is None or self._comfort is None:
            return []
        cut: list[Order] = ["clear"] if self._comfort.note(event) else []
        filler = self._comfort.due()
        said: list[Order] = [Play(filler)] if filler is not None else []
        return cut + said + self._far_end.due()

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
