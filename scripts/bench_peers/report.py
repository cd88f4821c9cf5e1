"""The report: tables, every raw number as JSON, and a plot. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from scripts.bench_peers.agents import SCRIPTED_MS, Judged
from scripts.bench_peers.heard import Score
from scripts.bench_peers.recognition import Measured, Subject
from voice_server.bench.figures import percentile
from voice_server.bench.load.orders import Block as LoadBlock
from voice_server.bench.plots import Curve, Point, line_plot
from voice_server.bench.report import table
from voice_server.bench.word_error import words_of

Row = Sequence[str]
HEARING = (
    "",
    "first words, p50 (p95)",
    "word → shown, p50 (p95)",
    "end → all words, p50 (p95)",
    "end → called final, p50",
    "CPU s per s of speech",
    "talkers held",
    "word errors",
    "flicker",
    "invented",
)
COST = ("", "CPU s per s of speech", "end → called final, p50")
AGENT = (
    "",
    "CPU per listening session",
    "end → first sound, p50",
    "beyond the script",
    "told to stop, p50",
    "last old audio, p50",
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and how."""

    conditions: Mapping[str, str]
    hearing: Measured | None
    """With the bundled model."""
    costs: Measured | None
    """With a model of true shape, whose words mean nothing."""
    agents: Sequence[Judged]

    def markdown(self) -> str:
        """For people."""
        parts = ["# Beside others", _bullets(self.conditions)]
        if self.hearing:
            rows = [hearing_row(self.hearing, subject) for subject in self.hearing.subjects]
            parts += ["## Recognition", table(HEARING, rows)]
        if self.costs:
            rows = [cost_row(self.costs, subject) for subject in self.costs.subjects]
            parts += ["## Cost, with a Whisper of tiny's true shape", table(COST, rows)]
        if self.agents:
            parts += ["## Whole agents", table(AGENT, map(agent_row, self.agents))]
        parts += ["## How", _bullets(self._ways()), "## Void blocks", self._voids(), ""]
        return "\n\n".join(parts)

    def _ways(self) -> dict[str, str]:
        ways = {subject.setup.name: subject.setup.how for subject in self._subjects()}
        return ways | {f"{one.agent.name}, agent": one.agent.how for one in self.agents}

    def _subjects(self) -> list[Subject]:
        return [s for measured in (self.hearing, self.costs) if measured for s in measured.subjects]

    def _voids(self) -> str:
        told = [
            f"- {subject.setup.name}, {block.talkers} talkers: {block.void}"
            for subject in self._subjects()
            for block in [*subject.blocks, *subject.noise]
            if block.void
        ]
        told += [
            f"- {one.agent.name}: {block.void}"
            for one in self.agents
            for block in _blocks(one)
            if block.void
        ]
        return "\n".join(told) or "None."

    def plain(self) -> Mapping[str, object]:
        """For machines."""
        return {
            "conditions": dict(self.conditions),
            "hearing": _plain(self.hearing) if self.hearing else None,
            "costs": _plain(self.costs) if self.costs else None,
            "agents": [
                {
                    "name": one.agent.name,
                    "how": one.agent.how,
                    "delays_ms": one.delays_ms(),
                    "interruptions": [asdict(found) for found in one.interruptions()],
                    "blocks": [asdict(block) for block in _blocks(one)],
                }
                for one in self.agents
            ],
        }

    def svg(self) -> str:
        """How late the last words are, against the number of talkers."""
        measured = self.hearing
        curves = [
            Curve(subject.setup.name, list(_lateness(measured, subject)))
            for subject in (measured.subjects if measured else [])
            if measured and "tuned" not in subject.setup.name
        ]
        return line_plot("Talkers on one core", "talkers", "end → all words, p95 (ms)", curves)


def hearing_row(measured: Measured, subject: Subject) -> Row:
    """A recogniser's figures, alone but for the talkers held."""
    scores = measured.scores(subject)
    words = sum(one.shown for one in scores)
    return [
        subject.setup.name,
        _spread([one.first_ms for one in scores]) if subject.setup.streams else "-",
        _spread([delay for one in scores for delay in one.word_ms]),
        _spread([one.complete_ms for one in scores]),
        _median([one.declared_ms for one in scores]),
        _cost(subject),
        str(measured.held(subject)),
        f"{100 * statistics.mean(one.error for one in scores):.1f} %" if scores else "-",
        f"{100 * sum(one.retracted for one in scores) / words:.0f} %" if words else "-",
        _invented(subject),
    ]


def cost_row(measured: Measured, subject: Subject) -> Row:
    """What can be said where the words mean nothing."""
    declared = [one.declared_ms for one in measured.scores(subject)]
    return [subject.setup.name, _cost(subject), _median(declared)]


def agent_row(judged: Judged) -> Row:
    """A whole agent's figures."""
    delays = [delay for delay in judged.delays_ms() if delay is not None]
    missing = len(judged.delays_ms()) - len(delays)
    delay = percentile(delays, 50)
    stops = judged.interruptions()
    cpu = judged.cpu_percents()
    unanswered = f", {missing} unanswered" if missing else ""
    return [
        judged.agent.name,
        f"{statistics.median(cpu):.2f} %" if cpu else "void",
        f"{delay:.0f} ms{unanswered}" if delay is not None else "-",
        f"{delay - SCRIPTED_MS:.0f} ms" if delay is not None else "-",
        _first_and_final([s.paused_ms for s in stops], [s.stopped_ms for s in stops]),
        _median([stop.last_audio_ms for stop in stops]),
    ]


def _first_and_final(paused: Sequence[float | None], stopped: Sequence[float | None]) -> str:
    """One time where both are the same."""
    hold, stop = _median(paused), _median(stopped)
    return stop if hold == stop else f"{hold} to hold, {stop} to drop"


def _cost(subject: Subject) -> str:
    costs = [block.server_cpu_s / block.speech_s for block in subject.valid(1)]
    return f"{statistics.median(costs):.2f}" if costs else "void"


def _invented(subject: Subject) -> str:
    """Words in sounds that are none: shown in the end, and shown at all."""
    if not subject.noise:
        return "-"
    said = [one.shown for block in subject.noise for one in block.utterances]
    last = sum(len(words_of(shown[-1][1])) for shown in said if shown)
    ever = sum(max((len(words_of(text)) for _, text, _ in shown), default=0) for shown in said)
    return str(last) if last == ever else f"{last} ({ever} at times)"


def _lateness(measured: Measured, subject: Subject) -> Iterable[Point]:
    for talkers in sorted({block.talkers for block in subject.blocks}):
        scores: list[Score] = measured.scores(subject, talkers)
        late = percentile([one.complete_ms for one in scores if one.complete_ms is not None], 95)
        if late is not None:
            yield Point(talkers, max(0.0, late))


def _spread(values: Iterable[float | None]) -> str:
    known = [value for value in values if value is not None]
    middle, late = percentile(known, 50), percentile(known, 95)
    return "-" if middle is None or late is None else f"{middle:.0f} ms ({late:.0f})"


def _median(values: Sequence[float | None]) -> str:
    middle = percentile([value for value in values if value is not None], 50)
    return "-" if middle is None else f"{middle:.0f} ms"


def _bullets(facts: Mapping[str, str]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in facts.items())


def _blocks(judged: Judged) -> list[LoadBlock]:
    return [*judged.listening, *judged.answers, *judged.stories]


def _plain(measured: Measured) -> Mapping[str, object]:
    return {
        "clips": [asdict(clip) for clip in measured.clips],
        "noises": [asdict(clip) for clip in measured.noises],
        "subjects": [
            {
                "name": subject.setup.name,
                "how": subject.setup.how,
                "held": measured.held(subject),
                "blocks": [asdict(block) for block in subject.blocks],
                "noise": [asdict(block) for block in subject.noise],
                "scores": {
                    talkers: [asdict(one) for one in measured.scores(subject, talkers)]
                    for talkers in sorted({block.talkers for block in subject.blocks})
                },
            }
            for subject in measured.subjects
        ],
    }
