"""What `voice-server bench asr` does, model after model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from faster_whisper import WhisperModel

from audio import SAMPLE_RATE, Samples
from models.asr.whisper_worker import load as load_decoder
from voice_server.bench.asr import capacity
from voice_server.bench.asr.costs import UTTERANCE_S, Bench, Cost, costs, joined
from voice_server.bench.asr.judging import invented_words, offline_errors
from voice_server.bench.asr.speech import SENTENCES, Spoken, spoken
from voice_server.bench.asr.subjects import MODELS, Subject, subjects
from voice_server.bench.asr.talking import Heard, Talk, talk_to
from voice_server.bench.load.schedule import Arrivals

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how long."""

    models: tuple[str, ...] = MODELS
    rounds: int = 5
    seconds: float = 20.0
    """Of each block of talk."""
    talkers_max: int = 32
    minutes: float = 10.0
    """Of sounds that nobody speaks."""
    sentences: int = len(SENTENCES)
    arrivals: Arrivals = "poisson"
    workers: int = 1
    seed: int = 1


@dataclass(slots=True)
class Measured:
    """Everything that was measured of one model."""

    name: str
    understands: bool
    costs: list[Cost] = field(default_factory=list)
    alone: Heard | None = None
    """One talker, every sentence."""
    loads: list[capacity.Load] = field(default_factory=list)
    """What was tried to find how many talkers it holds."""
    held: int = 0
    offline_errors: list[float] = field(default_factory=list)
    """Of the same sentences, by `transcribe`."""
    invented: dict[str, int] = field(default_factory=dict)


def measure(plan: Plan, progress: Progress) -> list[Measured]:
    """Run everything. Raises `RuntimeError` if a server does not start, and `ModelError`."""
    speeches = [spoken(text) for text in SENTENCES[: plan.sentences]]
    with subjects(plan.models) as found:
        return [_measured(subject, speeches, plan, progress) for subject in found]


def _measured(
    subject: Subject, speeches: Sequence[Spoken], plan: Plan, progress: Progress
) -> Measured:
    measured = Measured(subject.name, subject.understands)
    progress(f"{subject.name}: one talker")
    measured.alone = talk_to(subject, 1, talk(speeches, plan, every_sentence(speeches)))
    _fill(measured, subject, speeches, plan, progress)

    def holds(talkers: int) -> bool:
        fixed = replace(talk(speeches, plan, plan.seconds), fixed=True)
        heard = talk_to(subject, talkers, fixed)
        measured.loads.append(
            capacity.load(talkers, heard.scores, heard.cpu_per_speech_s, heard.void)
        )
        progress(f"{subject.name}: {measured.loads[-1]}")
        return measured.loads[-1].held

    measured.held = capacity.held(plan.talkers_max, holds)
    return measured


def _fill(
    measured: Measured,
    subject: Subject,
    speeches: Sequence[Spoken],
    plan: Plan,
    progress: Progress,
) -> None:
    """What the model itself is asked, in this process."""
    order = subject.order
    model = WhisperModel(
        order.path, device="cpu", compute_type=order.compute_type, cpu_threads=order.cpu_threads
    )
    bench = Bench(load_decoder(order), model)
    for cost in costs(bench, long_speech(speeches), plan.rounds) if plan.rounds else ():
        progress(f"{subject.name}: {cost.what}")
        measured.costs.append(cost)
    if subject.understands:
        measured.offline_errors = offline_errors(bench, speeches)
    if subject.understands and plan.minutes:
        progress(f"{subject.name}: {plan.minutes:g} minutes of noise")
        measured.invented = invented_words(bench.decoder, plan.minutes)


def talk(speeches: Sequence[Spoken], plan: Plan, seconds: float) -> Talk:
    """How people talk in this plan."""
    return Talk(speeches, seconds, plan.arrivals, plan.seed, plan.workers)


def every_sentence(speeches: Sequence[Spoken]) -> float:
    """Seconds in which one talker says them all."""
    return 4.0 + sum(speech.seconds + 2.5 for speech in speeches)


def long_speech(speeches: Sequence[Spoken]) -> Samples:
    """They all, over and over, until an utterance is full."""
    once = joined([speech.samples for speech in speeches])
    return np.tile(once, 1 + UTTERANCE_S * SAMPLE_RATE // len(once))
