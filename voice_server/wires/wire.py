"""What a wire is: the Protocols that every translator between bytes and events obeys.

One `Wire` per connection. It keeps what belongs to its protocol alone (counters, names, formats)
and decides nothing about turns, pacing or interruption: that is the session's, for all wires.
"""

from collections.abc import Iterable
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
class Resumable(Wire, Protocol):
    """A wire whose client can come back on another connection, and be told what it missed."""

    @property
    def sent(self) -> int:
        """Number of the newest event that was told; they are counted without gaps."""
        ...

    @property
    def input_position(self) -> int:
        """The next sample of the microphone that the client should send."""
        ...

    def restore(
        self, options: ev.SessionOptions, sent: int, input_position: int, ids: Iterable[str]
    ) -> None:
        """Go on with a session of another process, whatever the client has just asked for.

        `ids` are those of the messages that were obeyed.
        """
        ...

    def aside(self, event: ev.ServerEvent, now_ms: int) -> list[str | bytes]:
        """Translate an event that takes no number: it concerns one connection only."""
        ...

    def again(self, number: int, frame: ev.AudioFrame, now_ms: int) -> bytes:
        """Audio that was sent before, under the number that it had."""
        ...


@runtime_checkable
class Introduced(Protocol):
    """A wire to which it matters who is speaking."""

    def introduce(self, identity: Identity) -> None:
        """Take over the session defaults of whoever was let in, before anything is sent."""
        ...
