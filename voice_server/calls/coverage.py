"""Which samples of the microphone are done with, so that nobody has to keep them. Pure.

A sample is done with when a final covers it, or when it was silence that can no longer become the
beginning of an utterance. The client keeps the rest, and sends it again if the server dies: so each
spoken sample ends in exactly one final, whatever happens in between.

It learns everything from the events that the session emits, in their order. A turn's audio begins
a pre-roll before its first voice, but never before the end of the turn before it.
"""

from voice_server.events import (
    FinalTranscript,
    InputFlow,
    ServerEvent,
    SpeechStarted,
    SpeechStopped,
)


class Coverage:
    """How far one session's microphone is done with."""

    def __init__(self, rate: int, pre_roll_ms: int, position: int = 0) -> None:
        """`rate` in hertz; `position`: where this microphone begins, in samples."""
        self.position = position
        """Samples that are done with, from the beginning. Never falls."""
        self.pre_roll_ms = pre_roll_ms
        self._rate = rate
        self._begins: dict[int, int] = {}
        """Where the turns without a final begin, in samples at the input rate."""
        self._ended = position
        """Where the newest turn that has ended ends."""

    def note(self, event: ServerEvent) -> None:
        """See an event, in the order in which the client will."""
        match event:
            case SpeechStarted(turn, ms):
                begin = self._samples(ms - self.pre_roll_ms)
                self._begins[turn] = max(begin, self._ended)
            case SpeechStopped(turn, ms, heard_ms) if turn in self._begins:
                self._ended = self._samples(max(ms, heard_ms))
            case FinalTranscript(turn) if turn in self._begins:
                del self._begins[turn]
                self._advance(self._ended if not self._begins else self._oldest_begin())
            case InputFlow(position):
                silent = position - self._samples(self.pre_roll_ms)
                self._advance(silent if not self._begins else self._oldest_begin())
            case _:
                pass

    def _oldest_begin(self) -> int:
        return min(self._begins.values())

    def _advance(self, position: int) -> None:
        self.position = max(self.position, position)

    def _samples(self, ms: int) -> int:
        return ms * self._rate // 1000
