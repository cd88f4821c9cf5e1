"""What `bench turns` measures, subject after subject."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from audio.silero import SileroModel
from audio.speaker_level import FADED_MS
from models.scheduler import Scheduler
from voice_server.bench.bundled import bundled_recognizer
from voice_server.bench.cancels import try_cancels
from voice_server.bench.clips import ClipSet
from voice_server.bench.conversation import Bench
from voice_server.bench.report import Report
from voice_server.bench.run import ADAPTIVE, WITHOUT_SPECULATION, Result, Runner, Subject, fixed
from voice_server.bench.run import sweep as points
from voice_server.bench.speaking import REPLY, Latencies
from voice_server.conversation.clauses import ClauseCutter
from voice_server.settings import Settings, TurnSettings

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What to measure."""

    settings: Settings
    asr: Literal["revealed", "bundled"] = "revealed"
    sweep: bool = True
    every: int = 1
    """Take every so-manyth clip."""
    cancels: int = 10_000
    seed: int = 1


def measure(wanted: Measurement, clips: ClipSet, progress: Progress) -> Report:
    """Run every subject over the clips. Raises `ModelError` if the recogniser cannot be loaded."""
    clips = replace(clips, clips=clips.clips[:: wanted.every])
    bench = Bench(wanted.settings, SileroModel(), Scheduler(1))
    if wanted.asr == "bundled":
        bench = replace(bench, recognizer=bundled_recognizer())
    runner = Runner(bench, clips, progress)
    subjects = [ADAPTIVE, WITHOUT_SPECULATION, fixed(200), fixed(500), fixed(800)]
    results = [runner.run(subject) for subject in subjects]
    results += _guessing(bench, clips, progress)
    if wanted.sweep:
        results += [runner.run(subject, ("turn",)) for subject in _more_points(wanted, subjects)]
    cancelled = None
    if wanted.cancels:
        progress(f"{wanted.cancels} cancels")
        cancelled = try_cancels(wanted.cancels, wanted.seed, bench.silero)
    return Report(_conditions(bench, clips), results, cancelled)


def _guessing(bench: Bench, clips: ClipSet, progress: Progress) -> list[Result]:
    """What is remembered of a reply where the client or the voice tells less."""
    silent = replace(bench, reports=False)
    unaligned = replace(bench, aligned=False)
    cases = [
        (silent, Subject("adaptive, no playback reports", {})),
        (unaligned, Subject("adaptive, no word times", {})),
    ]
    return [Runner(case, clips, progress).run(subject, ("floor",)) for case, subject in cases]


def _more_points(wanted: Measurement, known: list[Subject]) -> list[Subject]:
    turn = wanted.settings.turn
    silences = {
        "silence_ms_min": turn.silence_ms_min,
        "silence_ms": turn.silence_ms,
        "silence_ms_max": turn.silence_ms_max,
    }
    names = {subject.name for subject in known}
    return [subject for subject in points(silences) if subject.name not in names]


def _floor(latencies: Latencies, turn: TurnSettings) -> str:
    """What no way of taking turns can be quicker than, with these engines."""
    cutter = ClauseCutter()
    words = REPLY.split()
    tokens = next(at for at, word in enumerate(words) if cutter.feed(f" {word}"))
    written_ms = latencies.llm_ms + tokens * latencies.token_ms
    engines_ms = latencies.asr_ms + written_ms + latencies.tts_ms
    noticed_ms = FADED_MS + turn.soft_silence_ms
    return (
        f"{engines_ms:g} ms of engines one after another, begun after {noticed_ms} ms of silence: "
        f"{engines_ms + noticed_ms:g} ms from the end of speech to the first audio"
    )


def _conditions(bench: Bench, clips: ClipSet) -> dict[str, str]:
    made = bench.latencies
    turns = sum(clip.kind == "turn" for clip in clips.clips)
    over = sum(clip.over_reply for clip in clips.clips)
    asr = f"true words after {made.asr_ms:g} ms"
    if bench.recognizer is not None:
        asr = f"{bench.recognizer.name}, its real time on one thread"
    return {
        "clips": f"{turns} turns and {over} sounds over a reply, seed {clips.seed}",
        "recogniser": asr,
        "language model": f"first token {made.llm_ms:g} ms, then {made.token_ms:g} ms each",
        "voice": f"first audio of a clause {made.tts_ms:g} ms, espeak-ng",
        "floor": _floor(made, bench.settings.turn),
        "client": "pieces of 20 ms, no network, one playback buffer of 20 ms",
        "machine": f"{platform.machine()}, Python {platform.python_version()}, simulated time",
    }
