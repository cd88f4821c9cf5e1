"""The report of `bench asr`: a table, JSON with every raw number, and two plots. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from voice_server.bench.asr.capacity import FINAL_MS_MAX, FIRST_MS_MAX
from voice_server.bench.asr.captions import Score
from voice_server.bench.asr.costs import Cost
from voice_server.bench.asr.measure import Measured, Plan
from voice_server.bench.figures import percentile
from voice_server.bench.load.statistics import ratio
from voice_server.bench.plots import Curve, Point, line_plot
from voice_server.bench.report import table


@dataclass(frozen=True, slots=True)
class AsrReport:
    """What was measured, and how."""

    conditions: Mapping[str, str]
    plan: Plan
    measured: Sequence[Measured]

    def markdown(self) -> str:
        """Tables with the conditions above them."""
        names = [one.name for one in self.measured]
        return "\n\n".join(
            [
                "# Recognition",
                "\n".join(f"- {name}: {value}" for name, value in self.conditions.items()),
                "## One talker, by a real server",
                table(["", *names], self._talk_rows()),
                *self._costs(names),
                *self._loads(),
                "",
            ]
        )

    def _talk_rows(self) -> Iterable[Sequence[str]]:
        scores = [one.alone.scores if one.alone else [] for one in self.measured]
        understood = [
            s if one.understands else [] for one, s in zip(self.measured, scores, strict=True)
        ]
        yield ["speech begins → first words", *map(_first, scores)]
        yield ["word spoken → shown", *(_words(s, "shown_ms") for s in understood)]
        yield ["word spoken → committed", *(_words(s, "committed_ms") for s in understood)]
        yield ["speech ends → final", *map(_final, scores)]
        yield ["words shown that did not stay", *map(_flicker, understood)]
        yield ["word errors", *map(_errors, understood)]
        yield ["… by `transcribe`, offline", *(_mean(one.offline_errors) for one in self.measured)]
        yield ["words invented", *(self._invented(one) for one in self.measured)]
        yield ["CPU per second of speech", *map(_cpu, self.measured)]
        if any(one.loads for one in self.measured):
            most = self.plan.talkers_max
            yield ["talkers held", *(f"{one.held} (of {most})" for one in self.measured)]
        reasons = [one.alone.void or "" if one.alone else "" for one in self.measured]
        if any(reasons):
            yield ["delays are void", *reasons]

    def _invented(self, one: Measured) -> str:
        if not one.invented:
            return "-"
        return f"{sum(one.invented.values())} in {self.plan.minutes:g} min"

    def _costs(self, names: Sequence[str]) -> Iterable[str]:
        if any(one.costs for one in self.measured):
            yield "## What it costs, in processor time, beside `transcribe` on the same model"
            yield table(["", *names], self._cost_rows())

    def _cost_rows(self) -> Iterable[Sequence[str]]:
        for number, cost in enumerate(self.measured[0].costs if self.measured else ()):
            yield [cost.what, *(_cost(one.costs[number]) for one in self.measured)]

    def _loads(self) -> Iterable[str]:
        if any(one.loads for one in self.measured):
            yield "## How many talkers it holds"
            head = ["model", "talkers", "utterances", "first words", "final", "CPU", ""]
            yield table(head, self._load_rows())

    def _load_rows(self) -> Iterable[Sequence[str]]:
        for one in self.measured:
            for load in sorted(one.loads, key=lambda load: load.talkers):
                missing = f", {load.unanswered} unanswered" if load.unanswered else ""
                yield [
                    one.name,
                    str(load.talkers),
                    f"{load.utterances}{missing}",
                    _ms(load.first_ms),
                    _ms(load.final_ms),
                    f"{load.cpu_per_speech_s:.3f}",
                    load.void or ("held" if load.held else "too many"),
                ]

    def plain(self) -> Mapping[str, object]:
        """For machines."""
        return {
            "conditions": dict(self.conditions),
            "plan": asdict(self.plan),
            "models": {one.name: asdict(one) for one in self.measured},
        }

    def svg(self) -> str:
        """The slowest twentieth of finals against the number of talkers."""
        curves = [
            Curve(
                one.name,
                [Point(load.talkers, load.final_ms) for load in one.loads if load.final_ms],
            )
            for one in self.measured
        ]
        title = f"Speech ends → final, p95 (held: {FINAL_MS_MAX:.0f} ms)"
        return line_plot(title, "talkers", "ms", curves)

    def first_words_svg(self) -> str:
        """The same of the first words."""
        curves = [
            Curve(
                one.name,
                [Point(load.talkers, load.first_ms) for load in one.loads if load.first_ms],
            )
            for one in self.measured
        ]
        title = f"Speech begins → first words, p95 (held: {FIRST_MS_MAX:.0f} ms)"
        return line_plot(title, "talkers", "ms", curves)


def _first(scores: Sequence[Score]) -> str:
    return _times([s.first_ms for s in scores if s.first_ms is not None])


def _final(scores: Sequence[Score]) -> str:
    told = _times([s.final_ms for s in scores if s.final_ms is not None])
    missing = sum(s.final_ms is None for s in scores)
    return f"{told}, {missing} missing" if missing else told


def _words(scores: Sequence[Score], kind: str) -> str:
    return _times([ms for score in scores for ms in getattr(score, kind)])


def _flicker(scores: Sequence[Score]) -> str:
    words = sum(score.words for score in scores)
    return f"{100 * sum(s.retracted for s in scores) / words:.1f} %" if words else "-"


def _errors(scores: Sequence[Score]) -> str:
    return _mean([score.error for score in scores])


def _cpu(one: Measured) -> str:
    return f"{one.alone.cpu_per_speech_s:.3f}" if one.alone else "-"


def _mean(errors: Sequence[float]) -> str:
    return f"{100 * statistics.mean(errors):.1f} %" if errors else "-"


def _times(values: Sequence[float]) -> str:
    """Median and 95th percentile."""
    median, slow = percentile(values, 50), percentile(values, 95)
    return "-" if median is None or slow is None else f"{median:.0f} ms ({slow:.0f})"


def _cost(cost: Cost) -> str:
    if len(cost.ours_ms) == len(cost.other_ms):
        found = ratio(cost.other_ms, cost.ours_ms)
        ours = statistics.median(cost.ours_ms)
        return (
            f"{ours:.1f} ms, {found.median:.1f} × ({found.low:.1f} to {found.high:.1f})"
            if found
            else "-"
        )
    ours, other = statistics.mean(cost.ours_ms), statistics.mean(cost.other_ms)
    return f"{ours:.1f} ms, {other / ours:.1f} ×"


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} ms"
