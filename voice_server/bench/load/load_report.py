"""The report of `bench load`: tables, JSON with every block, and a plot. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

from voice_server.bench.load.null_tier import SCRIPTED_MS, Measured, turn_delays_ms
from voice_server.bench.load.orders import Block
from voice_server.bench.load.replies import Playback, playback
from voice_server.bench.load.statistics import Summary, growth_exponent, ratio, summary
from voice_server.bench.plots import Curve, Point, line_plot
from voice_server.bench.report import table

COSTS = ("bare echo", "idle", "listening", "listening, OpenAI Realtime", "speaking")
AUDIO_BYTES_PER_S = 32_000


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What was measured, and how."""

    conditions: Mapping[str, str]
    measured: Measured

    def markdown(self) -> str:
        """Tables with the conditions above them."""
        return "\n\n".join(
            [
                "# Load",
                "\n".join(f"- {name}: {value}" for name, value in self.conditions.items()),
                *self._sessions(),
                *self._relay(),
                *self._age(),
                "## Void blocks",
                "\n".join(self._void()) or "None.",
                "",
            ]
        )

    def _sessions(self) -> Iterable[str]:
        if self.measured.blocks.keys() & {*COSTS, "turns"}:
            sizes = self.measured.plan.sizes
            yield table(["sessions", *map(str, sizes), "growth"], self._rows(sizes))

    def _relay(self) -> Iterable[str]:
        if self.measured.relayed_ms:
            yield "## Tokens, from the language model's socket to the client's"
            yield table(["", "tokens", "p50", "p99", "worst"], self._relay_rows())

    def _rows(self, sizes: Sequence[int]) -> Iterable[Sequence[str]]:
        for subject in COSTS:
            yield [f"CPU, {subject} (% of a core each)", *self._cpu(subject, sizes)]
        yield ["listening / bare echo", *(self._times_echo(n) for n in sizes), ""]
        for subject in ("listening", "speaking"):
            name = f"memory, {subject} (KiB each, with what earlier blocks left)"
            yield [name, *(self._memory(subject, n) for n in sizes), ""]
        yield ["connecting, p50 / p99 (ms)", *(self._connecting(n) for n in sizes), ""]
        yield [
            f"speech ends → first sound, p50 / p95 (ms; the script takes {SCRIPTED_MS})",
            *(self._answers(n) for n in sizes),
            "",
        ]
        yield ["least audio ahead of playback (ms)", *(self._slack(n) for n in sizes), ""]
        yield ["playback ran dry (times)", *(self._underruns(n) for n in sizes), ""]

    def _cpu(self, subject: str, sizes: Sequence[int]) -> list[str]:
        costs = {n: self._cpu_percents(subject, n) for n in sizes}
        known = {n: statistics.median(values) for n, values in costs.items() if values}
        growth = growth_exponent(list(known), [n * cost for n, cost in known.items()])
        cells = [f"{known[n]:.3f}" if n in known else "void" for n in sizes]
        return [*cells, "" if growth is None else f"N^{growth:.2f}"]

    def _cpu_percents(self, subject: str, sessions: int) -> list[float]:
        return [block.cpu_percent for block in self.measured.valid(subject, sessions)]

    def _times_echo(self, sessions: int) -> str:
        ours, echo = (self._cpu_percents(name, sessions) for name in ("listening", "bare echo"))
        found = ratio(ours, echo)
        return f"{found.median:.1f} × ({found.low:.1f} to {found.high:.1f})" if found else "-"

    def _memory(self, subject: str, sessions: int) -> str:
        fresh = self.measured.fresh_bytes.get(subject, 0)
        grown = [b.resident_bytes - fresh for b in self.measured.valid(subject, sessions)]
        return f"{statistics.median(grown) / 1024 / sessions:.0f}" if grown else "-"

    def _connecting(self, sessions: int) -> str:
        blocks = self.measured.valid("listening", sessions)
        found = summary([session.ready_ms for block in blocks for session in block.sessions])
        return f"{found.p50:.1f} / {found.p99:.1f}" if found else "-"

    def _answers(self, sessions: int) -> str:
        blocks = self.measured.valid("turns", sessions)
        delays = [delay for block in blocks for delay in turn_delays_ms(block)]
        found = summary([delay for delay in delays if delay is not None])
        missing = sum(delay is None for delay in delays)
        told = f"{found.p50:.0f} / {found.p95:.0f}" if found else "-"
        return f"{told}, {missing} unanswered" if missing else told

    def _playbacks(self, sessions: int) -> list[Playback]:
        blocks = self.measured.valid("speaking", sessions)
        return [p for block in blocks for p in playbacks(block)]

    def _slack(self, sessions: int) -> str:
        found = self._playbacks(sessions)
        return f"{min(one.slack_ms_min for one in found):.0f}" if found else "-"

    def _underruns(self, sessions: int) -> str:
        return str(sum(one.underruns for one in self._playbacks(sessions)))

    def _relay_rows(self) -> Iterable[Sequence[str]]:
        measured = self.measured
        yield _relay_row("read directly", summary(measured.direct_ms))
        for streams, ages in measured.relayed_ms.items():
            yield _relay_row(f"through the server, {streams} at once", summary(ages))

    def _age(self) -> Iterable[str]:
        aged = self.measured.aged
        if aged is None:
            return
        counted = [r for r in aged.rounds if r.void is None]
        yield f"## Minute {aged.asked.minutes:g} of {aged.asked.order.sessions} sessions"
        old, young = [r.old_cpu_s for r in counted], [r.young_cpu_s for r in counted]
        found = ratio(old, young)
        cost = (
            f"costs {found.median:.3f} × minute 1 ({found.low:.3f} to {found.high:.3f})"
            if found
            else "is unknown"
        )
        grown = (aged.old_bytes - aged.young_bytes) / 1024 / aged.asked.order.sessions
        yield (
            f"The same talk in turns, {len(counted)} of {len(aged.rounds)} rounds valid: processor "
            f"time {cost}; memory of each has grown by {grown:.0f} KiB since its first minute."
        )

    def _void(self) -> list[str]:
        return [
            f"- {name}, {block.order.sessions} sessions: {block.void}"
            for name, blocks in self.measured.blocks.items()
            for block in blocks
            if block.void
        ]

    def plain(self) -> Mapping[str, object]:
        """For machines."""
        measured = self.measured
        return {
            "conditions": dict(self.conditions),
            "plan": asdict(measured.plan),
            "fresh_bytes": measured.fresh_bytes,
            "blocks": {name: [_plain(b) for b in all] for name, all in measured.blocks.items()},
            "direct_ms": measured.direct_ms,
            "relayed_ms": measured.relayed_ms,
            "aged": asdict(measured.aged) if measured.aged else None,
        }

    def svg(self) -> str:
        """CPU of all sessions together against their number."""
        curves = [
            Curve(
                subject,
                [
                    Point(n, n * statistics.median(percents))
                    for n in self.measured.plan.sizes
                    if (percents := self._cpu_percents(subject, n))
                ],
            )
            for subject in ("bare echo", "listening", "speaking")
        ]
        return line_plot("What sessions cost", "sessions", "CPU (% of a core)", curves)


def playbacks(block: Block) -> list[Playback]:
    """Of all sessions that were spoken to."""
    found = (playback(session.audio, AUDIO_BYTES_PER_S) for session in block.sessions)
    return [one for one in found if one is not None]


def _relay_row(name: str, ages: Summary | None) -> Sequence[str]:
    if ages is None:
        return [name, "0", "-", "-", "-"]
    times = (f"{value:.2f} ms" for value in (ages.p50, ages.p99, ages.max))
    return [name, str(ages.n), *times]


def _plain(block: Block) -> Mapping[str, object]:
    return {
        "order": asdict(block.order),
        "void": block.void,
        "seconds": block.seconds,
        "cpu_percent": block.cpu_percent,
        "server_cpu_s": block.server_cpu_s,
        "generator_cpu_s": block.generator_cpu_s,
        "late_ms": asdict(block.late_ms) if block.late_ms else None,
        "resident_bytes": [block.resident_before_bytes, block.resident_bytes],
        "unsent_bytes": block.unsent_bytes,
        "ready_ms": [session.ready_ms for session in block.sessions],
        "turns_ms": turn_delays_ms(block),
        "playback": [asdict(one) for one in playbacks(block)],
    }
