"""How each server is spoken to: messages in, messages out, no socket. Pure."""

from collections.abc import Sequence
from typing import Protocol

from audio import Samples
from scripts.bench_peers.heard import Shown

Message = str | bytes


class Wire(Protocol):
    """One connection, which is one utterance, over a WebSocket."""

    @property
    def path(self) -> str:
        """Where the WebSocket is."""
        ...

    @property
    def frame_ms(self) -> int:
        """How much audio its own clients put into a message."""
        ...

    @property
    def silence_s(self) -> float:
        """What follows the speech, for servers that find its end by themselves."""
        ...

    def hello(self) -> Sequence[Message]:
        """Sent when the connection stands."""
        ...

    def is_ready(self, message: Message) -> bool:
        """Audio may come after this."""
        ...

    def audio(self, samples: Samples) -> Message:
        """Samples at 16 kHz, shape (n,)."""
        ...

    def goodbye(self) -> Sequence[Message]:
        """Sent after all audio."""
        ...

    def take(self, message: Message) -> Shown | None:
        """What the server shows with this; None: nothing new."""
        ...
