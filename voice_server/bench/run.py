"""Runs clips through subjects: one simulated clock per clip, so that no clip disturbs another."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from audio import Samples
from voice_server.bench.clips import Clip, ClipSet
from voice_server.bench.conversation import Bench, Conversation, Log
from voice_server.bench.outcomes import FloorOutcome, TurnOutcome, floor_outcome, turn_outcome
from voice_server.bench.virtual_time import VirtualTimeLoop
from voice_server.settings import patched

SWEEP_SCALES = (0.6, 0.8, 1.3, 1.7)
"""Adaptive silences are stretched by these for the curve."""
SWEEP_FIXED_MS = (200, 300, 400, 500, 650, 800, 1000, 1300)


@dataclass(frozen=True, slots=True)
class Subject:
    """One way of taking turns."""

    name: str
    turn: Mapping[str, object]
    """A patch to the `turn` settings."""
    family: str = "adaptive"


@dataclass(frozen=True, slots=True)
class Result:
    """What one subject did with all clips."""

    subject: Subject
    turns: tuple[TurnOutcome, ...]
    floor: tuple[FloorOutcome, ...]


ADAPTIVE = Subject("adaptive", {})
WITHOUT_SPECULATION = Subject("adaptive, no speculation", {"speculate": False})


def fixed(silence_ms: int) -> Subject:
    """The usual way: so much silence, then the pipeline, and an instant stop on voice."""
    patch = {
        "endpoint": "fixed",
        "silence_ms": silence_ms,
        "soft_silence_ms": silence_ms,
        "speculate": False,
        "interrupt": "instant",
    }
    return Subject(f"fixed {silence_ms} ms", patch, "fixed")


def sweep(turn: Mapping[str, int]) -> list[Subject]:
    """More points of the curve, for turns only."""
    subjects = [Subject(f"eagerness {e}", {"eagerness": e}) for e in ("low", "high")]
    for scale in SWEEP_SCALES:
        patch: dict[str, object] = {key: max(100, round(ms * scale)) for key, ms in turn.items()}
        subjects.append(Subject(f"adaptive × {scale}", patch))
    return [*subjects, *map(fixed, SWEEP_FIXED_MS)]


class Runner:
    """Plays the clips of one set."""

    def __init__(self, bench: Bench, clips: ClipSet, progress: Callable[[str], None]) -> None:
        self._bench = bench
        self._clips = clips
        self._progress = progress

    def run(self, subject: Subject, kinds: Iterable[str] = ("turn", "floor")) -> Result:
        """Everything that this subject does. `kinds`: turns, sounds over a reply, or both."""
        self._progress(subject.name)
        settings = self._bench.settings
        settings = settings.model_copy(update={"turn": patched(settings.turn, subject.turn)})
        bench = replace(self._bench, settings=settings)
        turns, floor = [], []
        for clip in self._clips.clips:
            if clip.kind == "turn" and "turn" in kinds:
                turns.append(turn_outcome(converse(bench, clip, self._clips.samples(clip))))
            elif clip.over_reply and "floor" in kinds:
                floor.append(floor_outcome(converse(bench, clip, self._clips.samples(clip))))
        return Result(subject, tuple(turns), tuple(floor))


def converse(bench: Bench, clip: Clip, samples: Samples) -> Log:
    """One clip through one session, in simulated time."""

    async def hold() -> Log:
        return await Conversation(bench, clip, samples).hold()

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(hold())
