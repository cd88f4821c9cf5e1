"""Listening only while nothing sounds: for devices whose microphone hears their loudspeaker. Pure.

Where echo cannot be told from speech, the microphone is ignored while a reply sounds, and for a
moment after it, as a room takes to fall silent. Except: speech that began before the reply could
be heard is listened to until its end, turns taken by hand are the user's, and messages
(`response.cancel`, `input_text`) stop a reply as ever.
"""

from voice_server.settings import TurnSettings


class HalfDuplex:
    """One session's microphone. All times are seconds of a monotonic clock."""

    def __init__(self, may_echo: bool) -> None:
        self._may_echo = may_echo
        self._sounded_at: float | None = None

    def ignores(self, *, sounds: bool, speaks: bool, now: float, settings: TurnSettings) -> bool:
        """Whether the microphone is ignored now; `sounds`: a reply does, `speaks`: the user."""
        if sounds:
            self._sounded_at = now
        wanted = settings.half_duplex == "on" or (settings.half_duplex == "auto" and self._may_echo)
        if not wanted or speaks or settings.mode == "manual" or self._sounded_at is None:
            return False
        return sounds or now - self._sounded_at < settings.half_duplex_tail_ms / 1000
