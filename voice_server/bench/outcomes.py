"""What one clip's log means: cut off or not, how late, interrupted rightly or wrongly. Pure.

A turn is *cut off* when its end was declared before it, whatever came of it; it was *talked into*
when audio was sent before its end. Its *delay* is from the end of the user's last sound to the
first audio of a reply that begins after it. Latencies over a reply count from the first voiced
sound.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from voice_server import events as ev
from voice_server.bench.clips import TAKES_FLOOR, Clip
from voice_server.bench.conversation import Log
from voice_server.conversation.lexicon import words_of

EventT = TypeVar("EventT")


@dataclass(frozen=True, slots=True)
class _Seen(Generic[EventT]):
    """One event of a known type, and when."""

    ms: float
    event: EventT


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """How a user turn was taken."""

    clip: Clip
    cut_offs: tuple[str, ...]
    """Where the end was declared too early: the place of the pause, or `elsewhere`."""
    talked_into: bool
    delay_ms: float | None
    """None: never answered within the clip."""
    hold_ms: float | None
    """From the end that was declared to the first audio."""
    chat_calls: int
    wasted_tokens: int

    @property
    def cut_off(self) -> bool:
        """Whether the end was declared too early, once or more."""
        return bool(self.cut_offs)


@dataclass(frozen=True, slots=True)
class FloorOutcome:
    """What a sound over a reply did to it."""

    clip: Clip
    stopped: bool
    should_stop: bool
    pause_ms: float | None
    """From the first voiced sound to the first pause or stop; None: neither came."""
    stop_ms: float | None
    paused_for_ms: float
    """How long a reply that went on was held."""
    heard_error_words: int | None
    """Words that the history has too many (above 0) or too few."""
    misplaced: int


def turn_outcome(log: Log) -> TurnOutcome:
    """Judge the log of a clip of kind `turn`."""
    clip = log.clip
    assert clip.end_ms is not None
    begun = [h.ms for h in _all(log, ev.AudioFrame) if h.event.first]
    answered = next((ms for ms in begun if ms >= clip.end_ms), None)
    ends = list(_declared_ends(log))
    relayed = sum(1 for _ in _all(log, ev.ReplyText))
    return TurnOutcome(
        clip=clip,
        cut_offs=tuple(_place(clip, ms) for ms in ends if ms < clip.end_ms),
        talked_into=any(h.ms < clip.end_ms for h in _all(log, ev.AudioFrame)),
        delay_ms=None if answered is None else answered - clip.end_ms,
        hold_ms=_hold_ms(ends, answered),
        chat_calls=log.chat_calls,
        wasted_tokens=max(0, log.chat_tokens - relayed),
    )


def floor_outcome(log: Log) -> FloorOutcome:
    """Judge the log of a clip over a reply; only its first reply counts."""
    clip = log.clip
    stop = next((h for h in _all(log, ev.PlaybackStopped) if h.event.stream == 1), None)
    pauses = [h.ms for h in _all(log, ev.PlaybackPaused) if h.event.stream == 1]
    resumes = [h.ms for h in _all(log, ev.PlaybackResumed) if h.event.stream == 1]
    first = min([*pauses, *([stop.ms] if stop else [])], default=None)
    return FloorOutcome(
        clip=clip,
        stopped=stop is not None,
        should_stop=clip.kind in TAKES_FLOOR,
        pause_ms=_since(clip.onset_ms, first),
        stop_ms=_since(clip.onset_ms, stop.ms if stop else None),
        paused_for_ms=sum(end - start for start, end in zip(pauses, resumes, strict=False)),
        heard_error_words=_heard_error(log),
        misplaced=log.misplaced,
    )


def _declared_ends(log: Log) -> Iterator[float]:
    """When ends of turns were declared that turned out to have words."""
    said = {h.event.turn for h in _all(log, ev.FinalTranscript) if h.event.text}
    for happened in _all(log, ev.SpeechStopped):
        if happened.event.turn in said:
            yield happened.ms


def _place(clip: Clip, ms: float) -> str:
    """The pause that lasted then, or had just ended when the verdict fell."""
    begun = [pause for pause in clip.pauses if pause.start_ms <= ms <= pause.end_ms + 100]
    return begun[-1].place if begun else "elsewhere"


def _hold_ms(ends: list[float], answered: float | None) -> float | None:
    before = [ms for ms in ends if answered is not None and ms <= answered]
    return answered - before[-1] if before and answered is not None else None


def _since(onset_ms: int | None, ms: float | None) -> float | None:
    return None if onset_ms is None or ms is None else ms - onset_ms


def _heard_error(log: Log) -> int | None:
    cut = next((h.event for h in _all(log, ev.ReplyTruncated) if h.event.reply == 1), None)
    if cut is None or 1 not in log.heard_words:
        return None
    return len(words_of(cut.heard)) - log.heard_words[1]


def _all(log: Log, kind: type[EventT]) -> Iterator["_Seen[EventT]"]:
    for happened in log.events:
        if isinstance(happened.event, kind):
            yield _Seen(happened.ms, happened.event)
