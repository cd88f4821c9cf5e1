"""What a session's messages say about being talked over. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from voice_server.bench.load.orders import Block, Session

TOLD = ('"playback.stop"', '"clear"')
"""Ours, and what Pipecat's serializers tell a telephone: throw away what was not played."""
PAUSED = '"playback.pause"'


@dataclass(frozen=True, slots=True)
class Interruption:
    """Milliseconds from the first sound over an answer; None: it never came."""

    paused_ms: float | None
    """The client was told to hold still, or to stop, whichever came first."""
    stopped_ms: float | None
    """It was told to throw away what it has."""
    last_audio_ms: float | None
    """The last bytes of the old answer came. Negative: everything was there before."""


def interruptions(block: Block, begins_s: float, answer_s_min: float) -> list[Interruption]:
    """Of every sentence but the first, which meets no answer.

    Speech begins `begins_s` after each beginning of `every_s`; `answer_s_min` after its end is the
    earliest moment at which a new answer can sound, so audio before that is the old one's.
    """
    order = block.order
    turns = int((order.warm_s + order.seconds) / order.every_s)
    return [
        interruption(session, number * order.every_s + begins_s, ends_s)
        for session in block.sessions[: order.talkers]
        for number in range(1, turns)
        for ends_s in [number * order.every_s + block.speech_ends_s + answer_s_min]
        if answered(session, (number - 1) * order.every_s, number * order.every_s)
    ]


def interruption(session: Session, onset_s: float, new_s: float) -> Interruption:
    """One of them: what came from the onset on, before the next sentence's answer."""
    told = _after(session, onset_s, TOLD)
    paused = _after(session, onset_s, (PAUSED, *TOLD))
    old = [at for at, _ in session.audio if at < new_s]
    return Interruption(paused, told, 1000 * (max(old) - onset_s) if old else None)


def answered(session: Session, begin_s: float, end_s: float) -> bool:
    """Whether any audio came in between: else there is nothing to interrupt."""
    return any(begin_s <= at < end_s for at, _ in session.audio)


def _after(session: Session, onset_s: float, words: Sequence[str]) -> float | None:
    times = [
        at for at, text in session.texts if at >= onset_s and any(word in text for word in words)
    ]
    return 1000 * (min(times) - onset_s) if times else None
