"""What one client says over one line, as events."""

from collections.abc import AsyncIterator, Iterable

from audio.formats import AudioFormat
from voice_server import events as ev
from voice_server.calls.line import Line
from voice_server.closes import ErrorCode
from voice_server.intake import TooMuch
from voice_server.wires.wire import Wire

NOTHING = ev.AudioReceived(b"")
"""What a message says that says nothing: it is counted all the same, so that it is not free."""


class Incoming:
    """Iterate over it once, as far as you like, and later on."""

    def __init__(self, line: Line, wire: Wire, refused_max: int) -> None:
        self.wire = wire
        """Translates; another one when it turns out whose line this is."""
        self._line = line
        self._refused_max = refused_max
        self._events = self._translated()

    def __aiter__(self) -> AsyncIterator[ev.ClientEvent]:
        return self._events

    async def _translated(self) -> AsyncIterator[ev.ClientEvent]:
        refused = 0
        for event in self.wire.greet():
            yield event
        async for data in self._line.messages():
            for event in self._events_of(data) or [NOTHING]:
                refused = refused + 1 if isinstance(event, ev.MessageRefused) else 0
                yield event
            if refused >= self._refused_max:
                message = f"{refused} messages in a row could not be understood."
                raise TooMuch(message, limit="bad_messages", code=ErrorCode.BAD_REQUEST)

    def _events_of(self, data: str | bytes | ev.MessageRefused) -> list[ev.ClientEvent]:
        return [data] if isinstance(data, ev.MessageRefused) else self.wire.receive(data)


def pieces(event: ev.ClientEvent, format: AudioFormat) -> Iterable[ev.ClientEvent]:
    """A long message in pieces of a second at most, so that none keeps the event loop busy."""
    if event is NOTHING:
        return ()
    second = format.frame_bytes * format.rate
    if not isinstance(event, ev.AudioReceived) or len(event.data) <= second:
        return (event,)
    starts = range(0, len(event.data), second)
    return [ev.AudioReceived(event.data[start : start + second]) for start in starts]
