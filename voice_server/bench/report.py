"""The report of `bench turns`: tables for terminal and Markdown, JSON, and the curve. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain

from voice_server.bench.cancels import Cancelled
from voice_server.bench.figures import Share, floor_figures, interval, spread, turn_figures
from voice_server.bench.outcomes import FloorOutcome, TurnOutcome
from voice_server.bench.plots import Curve, Point, line_plot
from voice_server.bench.run import Result

Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured, and how."""

    conditions: Mapping[str, str]
    results: Sequence[Result]
    """The first is ours; those without floor outcomes are points of the curve only."""
    cancelled: Cancelled | None = None

    def markdown(self) -> str:
        """Tables with the conditions above them."""
        full = [result for result in self.results if result.floor]
        parts = [
            "# Turn-taking",
            "\n".join(f"- {name}: {value}" for name, value in self.conditions.items()),
            "## Figures (median / p95)",
            table(["", *(r.subject.name for r in full)], _rows(full)),
            "## Curve",
            table(["subject", "cut off", "median / p95 delay"], _curve_rows(self.results)),
            f"## {self.results[0].subject.name}, turns by scene and condition",
            table(["", "cut off", "delay", "unanswered", "where"], _scenes(self.results[0].turns)),
            f"## {self.results[0].subject.name}, sounds over a reply",
            table(["", "clips", "stopped", "pause", "stop"], _kinds(self.results[0].floor)),
        ]
        if self.cancelled:
            parts += ["## Cancelled replies", _cancelled(self.cancelled)]
        return "\n\n".join(parts) + "\n"

    def plain(self) -> Mapping[str, object]:
        """For machines."""
        return {
            "conditions": dict(self.conditions),
            "cancelled": asdict(self.cancelled) if self.cancelled else None,
            "subjects": {r.subject.name: _plain(r) for r in self.results},
        }

    def svg(self) -> str:
        """Cut-off rate against median delay."""
        families: dict[str, list[Point]] = defaultdict(list)
        for result in self.results:
            figures = turn_figures(result.turns)
            if figures.delay.median is not None:
                label = result.subject.name.removeprefix("fixed ").removeprefix("adaptive ")
                point = Point(figures.delay.median, figures.cut_off.percent, label)
                families[result.subject.family].append(point)
        curves = [Curve(name, points) for name, points in families.items()]
        return line_plot(
            "Turns cut off against delay",
            "median end of speech to first audio sent (ms)",
            "turns cut off (%)",
            curves,
        )


def _rows(results: Sequence[Result]) -> list[Row]:
    turns = [turn_figures(result.turns) for result in results]
    floor = [floor_figures(result.floor) for result in results]
    return [
        ["turns cut off", *(str(f.cut_off) for f in turns)],
        ["… 95 % interval", *(_between(f.cut_off) for f in turns)],
        ["turns talked into", *(str(f.talked_into) for f in turns)],
        ["end of speech to first audio", *(str(f.delay) for f in turns)],
        ["declared end to first audio", *(str(f.hold) for f in turns)],
        ["turns never answered", *(str(f.unanswered) for f in turns)],
        ["language model calls in vain", *(str(f.begun_in_vain) for f in turns)],
        ["tokens wasted per turn", *(f"{f.wasted_tokens_per_turn:.1f}" for f in turns)],
        ["false interruptions", *(str(f.false_stops) for f in floor)],
        ["backchannels that took over", *(str(f.backchannel_take_overs) for f in floor)],
        ["interruptions missed", *(str(f.missed) for f in floor)],
        ["voiced onset to pause", *(str(f.pause) for f in floor)],
        ["voiced onset to stop", *(str(f.stop) for f in floor)],
        ["held in vain", *(str(f.held) for f in floor)],
        ["heard history exact", *(str(f.heard_exact) for f in floor)],
        ["heard history ± 1 word", *(str(f.heard_within_one) for f in floor)],
    ]


def _between(share: Share) -> str:
    low, high = interval(share)
    return f"{low:.1f} to {high:.1f} %" if share.of else "-"


def _curve_rows(results: Sequence[Result]) -> list[Row]:
    rows = [(r.subject.name, turn_figures(r.turns)) for r in results if r.turns]
    return [[name, str(f.cut_off), str(f.delay)] for name, f in rows]


def _scenes(outcomes: Sequence[TurnOutcome]) -> list[Row]:
    groups: dict[str, list[TurnOutcome]] = defaultdict(list)
    for outcome in outcomes:
        groups[outcome.clip.scene].append(outcome)
        groups[f"({outcome.clip.condition})"].append(outcome)
    rows: list[Row] = []
    for name, group in sorted(groups.items()):
        figures = turn_figures(group)
        where = ", ".join(sorted(set(chain.from_iterable(o.cut_offs for o in group))))
        rows.append(
            [name, str(figures.cut_off), str(figures.delay), str(figures.unanswered), where]
        )
    return rows


def _kinds(outcomes: Sequence[FloorOutcome]) -> list[Row]:
    groups: dict[str, list[FloorOutcome]] = defaultdict(list)
    for outcome in outcomes:
        echo = " + echo" if outcome.clip.room and outcome.clip.kind != "echo" else ""
        groups[outcome.clip.kind + echo].append(outcome)
    return [
        [
            name,
            str(len(group)),
            str(sum(o.stopped for o in group)),
            str(spread(o.pause_ms for o in group)),
            str(spread(o.stop_ms for o in group)),
        ]
        for name, group in groups.items()
    ]


def _cancelled(cancelled: Cancelled) -> str:
    return (
        f"{cancelled.cancels} cancels at random moments stopped {cancelled.during_audio} replies "
        f"after their first audio: {cancelled.late_bytes} bytes of a reply left afterwards."
    )


def _plain(result: Result) -> Mapping[str, object]:
    return {
        "turns": asdict(turn_figures(result.turns)),
        "floor": asdict(floor_figures(result.floor)) if result.floor else None,
        "clips": {
            **{o.clip.name: _plain_turn(o) for o in result.turns},
            **{o.clip.name: _plain_floor(o) for o in result.floor},
        },
    }


def _plain_turn(outcome: TurnOutcome) -> Mapping[str, object]:
    return {"cut_offs": outcome.cut_offs, "delay_ms": outcome.delay_ms}


def _plain_floor(outcome: FloorOutcome) -> Mapping[str, object]:
    return {
        "stopped": outcome.stopped,
        "should_stop": outcome.should_stop,
        "pause_ms": outcome.pause_ms,
        "stop_ms": outcome.stop_ms,
        "heard_error_words": outcome.heard_error_words,
    }


def table(head: Row, rows: Iterable[Row]) -> str:
    """A Markdown table whose columns line up in a terminal, too."""
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Row, widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
