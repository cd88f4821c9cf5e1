"""Protocols as translators: bytes to events and back, without input or output.

One `Wire` per connection. It keeps what belongs to its protocol alone (counters, names, formats)
and decides nothing about turns, pacing or interruption: that is the session's, for all wires.
"""

from typing import Protocol, runtime_checkable

from voice_server import events as ev
from voice_server.identity.identity import Identity


class Wire(Protocol):
    """One connection's translator. Nothing here raises: what cannot be understood is refused."""

    def greet(self) -> list[ev.ClientEvent]:
        """What the client has said by connecting, before any message."""
        ...

    def receive(self, data: str | bytes) -> list[ev.ClientEvent]:
        """Translate one message from the client; bytes and text are different messages.

        The first event that matters is `SessionOpened`. What is not allowed becomes a
        `MessageRefused`, which the session answers in its turn.
        """
        ...

    def send(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate one event to the messages that tell it, in order; none if it is not told.

        `now_ms` is a monotonic clock in milliseconds.
        """
        ...


@runtime_checkable
class Introduced(Protocol):
    """A wire to which it matters who is speaking."""

    def introduce(self, identity: Identity) -> None:
        """Take over the session defaults of whoever was let in, before anything is sent."""
        ...
