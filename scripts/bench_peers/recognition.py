"""Measures recognition: alone, on noise, and with more and more talkers until it is too late.

At each load every server that still keeps up is measured once before any is measured again, so
that whatever else the machine does hits all of them.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench_peers.clips import noise_clips, speech_clips
from scripts.bench_peers.heard import Clip, Score, score
from scripts.bench_peers.orders import Block, Order
from scripts.bench_peers.servers import (
    Place,
    Setup,
    free_port,
    on_core,
    punctually,
    running,
)
from scripts.bench_peers.talkers import run_block
from voice_server.bench.figures import percentile
from voice_server.bench.load.process_meter import tree_cpu_s

SERVER_CORE, TALKERS_CORE = 0, 1
FINAL_MS_MAX, FIRST_MS_MAX = 500.0, 1000.0
WORSE_MAX = 0.1
"""A server that makes so many more word errors under load than alone does not keep up."""
LOADS = (2, 4, 8, 12, 16, 24, 32, 48, 64, 96)
NOISE_S = 20
ATTEMPTS_MAX = 3
QUIET_SHARE = 0.05
SETTLE_S_MAX = 15.0

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure, and how often."""

    environments: Path
    model: Path
    sentences: Sequence[str]
    setups: Sequence[Setup]
    rounds: int = 2
    cycles: int = 3
    loads: Sequence[int] = LOADS
    noise: bool = True


@dataclass(slots=True)
class Subject:
    """A server under measurement, and what was seen of it."""

    setup: Setup
    port: int
    pid: int
    blocks: list[Block] = field(default_factory=list)
    """Of speech; void ones among them."""
    noise: list[Block] = field(default_factory=list)

    def valid(self, talkers: int) -> list[Block]:
        """Blocks that count."""
        return [b for b in self.blocks if b.talkers == talkers and b.void is None]


@dataclass(slots=True)
class Measured:
    """Everything that was measured."""

    clips: list[Clip]
    noises: list[Clip]
    subjects: list[Subject]

    def scores(self, subject: Subject, talkers: int = 1) -> list[Score]:
        """Of all sentences that were said by so many at once."""
        return [
            score(one, self.clips[one.clip])
            for block in subject.valid(talkers)
            for one in block.utterances
        ]

    def keeps_up(self, subject: Subject, talkers: int) -> bool:
        """Whether words come in time, and as correct as alone."""
        scores = self.scores(subject, talkers)
        alone = self.scores(subject)
        return in_time(scores, streams=subject.setup.streams) and as_correct(scores, alone)

    def held(self, subject: Subject) -> int:
        """The most talkers with whom it kept up, and with all fewer; 0: not even with one."""
        held = 0
        for talkers in sorted({block.talkers for block in subject.blocks}):
            if not self.keeps_up(subject, talkers):
                break
            held = talkers
        return held


def in_time(scores: Sequence[Score], *, streams: bool) -> bool:
    """In 95 of 100: all words within 500 ms of the end, the first within 1 s of the beginning.

    A sentence of which nothing was shown is later than any. A server that does not stream is
    measured by its last words alone.
    """
    final = percentile([_or_never(one.complete_ms) for one in scores], 95)
    first = percentile([_or_never(one.first_ms) for one in scores], 95)
    if final is None or first is None:
        return False
    return final <= FINAL_MS_MAX and (first <= FIRST_MS_MAX or not streams)


def as_correct(scores: Sequence[Score], alone: Sequence[Score]) -> bool:
    """Whether no more words are wrong than with a single talker, by some margin."""
    worse, before = (statistics.mean(one.error for one in some) for some in (scores, alone))
    return worse - before <= WORSE_MAX


def _or_never(value: float | None) -> float:
    return float("inf") if value is None else value


def measure(plan: Plan, scratch: Path, progress: Progress) -> Measured:
    """Run everything. Raises `RuntimeError` if a server does not start."""
    clips = speech_clips(scratch, plan.sentences)
    noises = noise_clips(scratch, NOISE_S) if plan.noise else []
    with ExitStack() as stack:
        measured = Measured(clips, noises, started(stack, plan, scratch, clips[0].path, progress))
        for subject in measured.subjects:
            progress(f"warming up {subject.setup.name}")
            block(subject, clips, 1, 1, seed=0)
        for turn in range(plan.rounds):
            for subject in measured.subjects:
                progress(f"one talker, round {turn + 1}: {subject.setup.name}")
                subject.blocks += valid_blocks(subject, clips, 1, plan.cycles, seed=turn)
        if plan.noise:
            _measure_noise(measured, progress)
        _measure_loads(measured, plan, progress)
    return measured


def started(
    stack: ExitStack, plan: Plan, scratch: Path, warm_wav: str, progress: Progress
) -> list[Subject]:
    """All servers, on their core."""
    subjects = []
    for setup in plan.setups:
        progress(f"starting {setup.name}")
        port = free_port()
        place = Place(plan.environments, plan.model, scratch, warm_wav, port)
        with on_core(SERVER_CORE):
            pid = stack.enter_context(running(setup.command(place), port))
        subjects.append(Subject(setup, port, pid))
    return subjects


def _measure_noise(measured: Measured, progress: Progress) -> None:
    """Every sound at once, once."""
    for subject in measured.subjects:
        progress(f"noise: {subject.setup.name}")
        subject.noise.append(block(subject, measured.noises, len(measured.noises), 1, seed=0))


def _measure_loads(measured: Measured, plan: Plan, progress: Progress) -> None:
    """Twice, four times, … as many talkers, as long as a server keeps up."""
    for talkers in plan.loads:
        for subject in measured.subjects:
            before = max(block.talkers for block in subject.blocks)
            if not measured.keeps_up(subject, before):
                continue
            progress(f"{talkers} talkers: {subject.setup.name}")
            subject.blocks += valid_blocks(subject, measured.clips, talkers, 2, seed=talkers)


def valid_blocks(
    subject: Subject, clips: list[Clip], talkers: int, cycles: int, seed: int
) -> list[Block]:
    """Until one block is valid, or so often; all of them."""
    blocks: list[Block] = []
    while len(blocks) < ATTEMPTS_MAX and (not blocks or blocks[-1].void):
        blocks.append(block(subject, clips, talkers, cycles, seed))
    return blocks


def block(subject: Subject, clips: list[Clip], talkers: int, cycles: int, seed: int) -> Block:
    """One block of talk, when the server has finished with the one before."""
    settle(subject.pid)
    order = Order(
        subject.setup.wire,
        subject.port,
        subject.pid,
        clips,
        talkers,
        cycles,
        seed=seed,
        options=subject.setup.options,
    )
    with on_core(TALKERS_CORE), punctually():
        return run_block(order)


def settle(pid: int) -> None:
    """Wait until a server is idle, or long enough."""
    until = time.monotonic() + SETTLE_S_MAX
    while time.monotonic() < until:
        before = tree_cpu_s(pid)
        time.sleep(0.5)
        if tree_cpu_s(pid) - before <= QUIET_SHARE * 0.5:
            return
