"""How fast one client may talk to us. Pure: time comes in as an argument.

Nothing is dropped: a client that is too fast has to wait, and its socket makes it wait. A live
microphone never notices; a file is read at the allowed pace, however long it is. A client that
sends other messages faster than anybody needs, and never slows down, is cut off in the end.
"""

from audio.formats import AudioFormat
from voice_server.closes import ErrorCode
from voice_server.conversation.ear import GAP_MS_MAX
from voice_server.events import (
    AudioMissed,
    AudioReceived,
    ClientEvent,
    FormatsChanged,
    ReplyCancelled,
)
from voice_server.settings import LimitSettings

CONTROL_BURST_S = 2.0
"""Control messages may come in bursts of this many seconds' worth."""
MESSAGE_S = 0.002
"""An audio message counts for this long at least, so that crumbs are not free. Browsers that
send every 128 samples that they get are well below it."""


class TooMuch(Exception):
    """A client goes so far that nobody listens to it any more; the message says in what."""

    def __init__(self, message: str, *, limit: str, code: ErrorCode) -> None:
        """`limit` is the one that it has reached."""
        super().__init__(message)
        self.limit = limit
        self.code = code


class TokenBucket:
    """Allows `rate` units per second, and `burst` units at once."""

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = burst
        self._at = now

    def take(self, amount: float, now: float) -> float:
        """Take tokens, and return the seconds to wait until they would have been there."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - amount
        self._at = now
        return max(0.0, -self._tokens / self._rate)

    def has(self, amount: float, now: float) -> bool:
        """Whether so many tokens are there."""
        return min(self._burst, self._tokens + (now - self._at) * self._rate) >= amount


class IntakeLimit:
    """The buckets of one connection."""

    def __init__(self, limits: LimitSettings, format: AudioFormat, now: float) -> None:
        control, cancels = float(limits.control_messages_per_s), float(limits.cancels_per_s)
        self._format = format
        self._audio = TokenBucket(limits.audio_rate_max, limits.audio_burst_s, now)
        self._control = TokenBucket(control, control * CONTROL_BURST_S, now)
        self._cancels = TokenBucket(cancels, cancels * CONTROL_BURST_S, now)
        self._flood_s_max = limits.flood_s_max
        self._waited_s = 0.0
        """For messages other than audio, since one of them came in time."""

    def reformat(self, change: FormatsChanged) -> None:
        """From here on audio has another format."""
        self._format = change.input or self._format

    def take(self, event: ClientEvent, now: float) -> tuple[str, float]:
        """The limit that applies to an event, and how many seconds it has to wait for it.

        Raises `TooMuch`.
        """
        match event:
            case AudioReceived(data):
                seconds = max(MESSAGE_S, self._format.duration_ms(len(data)) / 1000)
                return "audio_rate", self._audio.take(seconds, now)
            case AudioMissed(samples):
                seconds = min(samples / self._format.rate, GAP_MS_MAX / 1000)
                return "audio_rate", self._audio.take(seconds, now)
            case ReplyCancelled():
                waits = {
                    "cancel_rate": self._cancels.take(1, now),
                    "control_rate": self._control.take(1, now),
                }
                limit = max(waits, key=lambda name: waits[name])
                return limit, self._patient(waits[limit])
            case _:
                return "control_rate", self._patient(self._control.take(1, now))

    def _patient(self, wait_s: float) -> float:
        """A wait, unless there were too many in a row."""
        self._waited_s = self._waited_s + wait_s if wait_s else 0.0
        if self._waited_s > self._flood_s_max:
            message = "Your messages come faster than they can be heard. Send fewer."
            raise TooMuch(message, limit="flood", code=ErrorCode.RATE_LIMITED)
        return wait_s
