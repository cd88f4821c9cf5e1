"""From many outcomes to figures: shares with their intervals, medians, percentiles. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from voice_server.bench.outcomes import FloorOutcome, TurnOutcome


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    count: int
    of: int

    @property
    def percent(self) -> float:
        """0 to 100; 0 of nothing."""
        return 100 * self.count / self.of if self.of else 0.0

    def __str__(self) -> str:
        return f"{self.percent:.1f} % ({self.count}/{self.of})" if self.of else "-"


def interval(share: Share, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, in percent (Wilson 1927)."""
    if not share.of:
        return 0.0, 100.0
    n, p = share.of, share.count / share.of
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return 100 * max(0.0, middle - reach), 100 * min(1.0, middle + reach)


def percentile(values: Iterable[float], percent: float) -> float | None:
    """By the nearest rank; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Spread:
    """A latency, in milliseconds."""

    median: float | None
    p95: float | None

    def __str__(self) -> str:
        if self.median is None or self.p95 is None:
            return "-"
        return f"{self.median:.0f} / {self.p95:.0f} ms"


def spread(values: Iterable[float | None]) -> Spread:
    """Median and 95th percentile of those that are known."""
    known = [value for value in values if value is not None]
    return Spread(percentile(known, 50), percentile(known, 95))


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """How turns were taken."""

    cut_off: Share
    talked_into: Share
    delay: Spread
    hold: Spread
    """From the declared end to the first audio."""
    unanswered: Share
    begun_in_vain: Share
    """Of the language model's calls, those whose answer nobody heard."""
    wasted_tokens_per_turn: float


def turn_figures(outcomes: Sequence[TurnOutcome]) -> TurnFigures:
    """Figures over turns."""
    calls = sum(outcome.chat_calls for outcome in outcomes)
    answers = sum(len(outcome.cut_offs) + 1 for outcome in outcomes)
    return TurnFigures(
        cut_off=_share(outcomes, lambda outcome: outcome.cut_off),
        talked_into=_share(outcomes, lambda outcome: outcome.talked_into),
        delay=spread(outcome.delay_ms for outcome in outcomes),
        hold=spread(outcome.hold_ms for outcome in outcomes),
        unanswered=_share(outcomes, lambda outcome: outcome.delay_ms is None),
        begun_in_vain=Share(max(0, calls - answers), calls),
        wasted_tokens_per_turn=sum(o.wasted_tokens for o in outcomes) / max(1, len(outcomes)),
    )


@dataclass(frozen=True, slots=True)
class FloorFigures:
    """What sounds over a reply did."""

    false_stops: Share
    backchannel_take_overs: Share
    missed: Share
    pause: Spread
    """Of what should stop the reply: first voiced sound to pause."""
    stop: Spread
    held: Spread
    """How long replies that went on were held in vain."""
    heard_exact: Share
    """Stopped replies whose history has exactly the words that were heard."""
    heard_within_one: Share
    misplaced: int


def floor_figures(outcomes: Sequence[FloorOutcome]) -> FloorFigures:
    """Figures over sounds during a reply."""
    wanted = [outcome for outcome in outcomes if outcome.should_stop]
    unwanted = [outcome for outcome in outcomes if not outcome.should_stop]
    errors = [o.heard_error_words for o in outcomes if o.heard_error_words is not None]
    return FloorFigures(
        false_stops=_share(unwanted, lambda outcome: outcome.stopped),
        backchannel_take_overs=_share(
            [o for o in unwanted if o.clip.kind == "backchannel"], lambda outcome: outcome.stopped
        ),
        missed=_share(wanted, lambda outcome: not outcome.stopped),
        pause=spread(outcome.pause_ms for outcome in wanted),
        stop=spread(outcome.stop_ms for outcome in wanted),
        held=spread(o.paused_for_ms for o in unwanted if o.paused_for_ms),
        heard_exact=Share(sum(error == 0 for error in errors), len(errors)),
        heard_within_one=Share(sum(abs(error) <= 1 for error in errors), len(errors)),
        misplaced=sum(outcome.misplaced for outcome in outcomes),
    )


def _share(outcomes: Sequence[object], is_so: Callable[..., bool]) -> Share:
    return Share(sum(is_so(outcome) for outcome in outcomes), len(outcomes))
