"""What one client says over one line, as events."""

from collections.abc import AsyncIterator

from voice_server import events as ev
from voice_server.calls.line import Line
from voice_server.wires.wire import Wire


class Incomprehensible(Exception):
    """Too many messages in a row could not be understood; the message says how many."""


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
            for event in self._events_of(data):
                refused = refused + 1 if isinstance(event, ev.MessageRefused) else 0
                yield event
            if refused >= self._refused_max:
                raise Incomprehensible(f"{refused} messages in a row could not be understood.")

    def _events_of(self, data: str | bytes | ev.MessageRefused) -> list[ev.ClientEvent]:
        return [data] if isinstance(data, ev.MessageRefused) else self.wire.receive(data)
