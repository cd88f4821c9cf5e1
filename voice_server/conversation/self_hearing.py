"""Whether the microphone hears the assistant's own voice.

A client that cancels echoes itself is believed; for others, what the microphone hears is compared
with how loud the reply is that sounds at that moment.
"""

from audio import Samples
from audio.echo import EchoEar
from voice_server.conversation.active_reply import ActiveReply


class SelfHearing:
    """One session's ear for its own voice."""

    def __init__(self, echo_cancelled: bool) -> None:
        self._ear = None if echo_cancelled else EchoEar()

    @property
    def possible(self) -> bool:
        """Whether the client's microphone may hear its loudspeaker."""
        return self._ear is not None

    def hears(self, frame: Samples, reply: ActiveReply | None, now: float) -> bool:
        """Whether this frame of microphone is an echo of the reply that sounds, if one does."""
        if self._ear is None:
            return False
        self._ear.feed(frame)
        if reply is None or reply.levels is None:
            return False
        return self._ear.hears(reply.levels.before(reply.playout.position(now)))
