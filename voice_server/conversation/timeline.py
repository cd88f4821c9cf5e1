"""The ledger of one turn: where the time went between the last word and the first sound.

Stages are marked as they happen; a stage that happened while an earlier one was still waited for
(the final decode during the silence, say) costs nothing. So the parts always sum to the whole.
"""

from enum import IntEnum


class Stage(IntEnum):
    """In the order in which they can be waited for."""

    SPEECH_END = 0
    """The last voiced frame arrived."""
    TURN_END = 1
    """The silence was long enough."""
    FINAL_TEXT = 2
    FIRST_TOKEN = 3
    FIRST_CLAUSE = 4
    FIRST_VOICE = 5
    """The voice made its first audio."""
    FIRST_SENT = 6
    """The first audio went to the client."""


PARTS: dict[Stage, str] = {
    Stage.TURN_END: "endpoint_ms",
    Stage.FINAL_TEXT: "asr_ms",
    Stage.FIRST_TOKEN: "llm_ms",
    Stage.FIRST_CLAUSE: "clause_ms",
    Stage.FIRST_VOICE: "tts_ms",
    Stage.FIRST_SENT: "send_ms",
}
"""What each stage was waited for, after everything before it."""

WHOLE = "eos_to_first_audio_ms"
"""End of speech to first audio sent: the sum of the parts."""


class Timeline:
    """Marks of one turn, in seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._marks: dict[Stage, float] = {}

    def mark(self, stage: Stage, now: float) -> bool:
        """Note that a stage was reached; only its first time counts. Returns whether this was."""
        first = stage not in self._marks
        if first:
            self._marks[stage] = now
        return first

    def metrics(self) -> dict[str, float]:
        """Milliseconds per part, and the whole if it goes from speech to audio."""
        if not self._marks:
            return {}
        first, *later = sorted(self._marks)
        begin = latest = self._marks[first]
        parts: dict[str, float] = {}
        for stage in later:
            reached = max(latest, self._marks[stage])
            parts[PARTS[stage]] = round((reached - latest) * 1000, 1)
            latest = reached
        if {Stage.SPEECH_END, Stage.FIRST_SENT} <= self._marks.keys():
            parts[WHOLE] = round((latest - begin) * 1000, 1)
        return parts
