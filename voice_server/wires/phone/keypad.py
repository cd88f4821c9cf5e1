"""The keys of a telephone: one stops an answer, and the assistant is told what was pressed. Pure.

Digits are collected until `#`, or until no further key comes for a while; then the language model
reads them as a message. Time is that of the caller's audio.
"""

from voice_server import events as ev
from voice_server.settings import PhoneSettings

KEYS = frozenset("0123456789*#ABCD")

DIGITS_MAX = 32
"""More than any number that somebody types; then they are told at once."""


class Keypad:
    """One caller's."""

    def __init__(self, settings: PhoneSettings) -> None:
        self._settings = settings
        self._digits = ""
        self._left_ms = 0.0

    def press(self, key: str, *, replying: bool) -> list[ev.ClientEvent]:
        """What one of `KEYS` means; `replying`: an answer is being made or heard."""
        events: list[ev.ClientEvent] = [ev.DigitPressed(key)]
        if replying and self._settings.interrupt_digit in ("any", key):
            events.append(ev.ReplyCancelled())
        if key == self._settings.interrupt_digit:
            return events
        self._left_ms = self._settings.digits_wait_ms
        if key != "#":
            self._digits += key
        if key == "#" or len(self._digits) >= DIGITS_MAX:
            events += self._tell()
        return events

    def pass_time(self, ms: float) -> list[ev.ClientEvent]:
        """So much later, somebody may have typed the last digit."""
        self._left_ms -= ms
        return self._tell() if self._digits and self._left_ms <= 0 else []

    def _tell(self) -> list[ev.ClientEvent]:
        digits, self._digits = self._digits, ""
        if not digits or not self._settings.digits_text:
            return []
        return [ev.TextReceived(self._settings.digits_text.replace("{digits}", " ".join(digits)))]
