"""How fast one client may talk to us. Pure: time comes in as an argument.

Nothing is refused: a client that is too fast has to wait, and its socket makes it wait. A live
microphone never notices; a file is read at the allowed pace.
"""

from audio.formats import AudioFormat
from voice_server.conversation.ear import GAP_MS_MAX
from voice_server.events import AudioMissed, AudioReceived, ClientEvent, FormatsChanged
from voice_server.settings import LimitSettings

CONTROL_BURST_S = 2.0
"""Control messages may come in bursts of this many seconds' worth."""
MESSAGE_S = 0.002
"""An audio message counts for this long at least, so that crumbs are not free. Browsers that
send every 128 samples that they get are well below it."""


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
        control = float(limits.control_messages_per_s)
        self._format = format
        self._audio = TokenBucket(limits.audio_rate_max, limits.audio_burst_s, now)
        self._control = TokenBucket(control, control * CONTROL_BURST_S, now)

    def reformat(self, change: FormatsChanged) -> None:
        """From here on audio has another format."""
        self._format = change.input or self._format

    def take(self, event: ClientEvent, now: float) -> tuple[str, float]:
        """The limit that applies to an event, and how many seconds it has to wait for it."""
        match event:
            case AudioReceived(data):
                seconds = max(MESSAGE_S, self._format.duration_ms(len(data)) / 1000)
                return "audio_rate", self._audio.take(seconds, now)
            case AudioMissed(samples):
                seconds = min(samples / self._format.rate, GAP_MS_MAX / 1000)
                return "audio_rate", self._audio.take(seconds, now)
            case _:
                return "control_rate", self._control.take(1, now)
