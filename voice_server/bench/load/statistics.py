"""From many measurements to a few numbers: percentiles, ratios, growth. Pure."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from voice_server.bench.figures import percentile

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Summary:
    """One quantity, by nearest rank."""

    n: int
    p50: float
    p95: float
    p99: float
    max: float


def summary(values: Sequence[float]) -> Summary | None:
    """None of nothing."""
    if not values:
        return None
    p50, p95, p99 = (percentile(values, share) or 0.0 for share in (50, 95, 99))
    return Summary(len(values), p50, p95, p99, max(values))


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times more the one costs than the other."""

    median: float
    low: float
    """Where 95 % of the resampled medians begin."""
    high: float


def ratio(ours: Sequence[float], theirs: Sequence[float], seed: int = 1) -> Ratio | None:
    """The median of ratios block by block, with a bootstrapped interval (Efron 1979)."""
    ratios = [one / other for one, other in zip(ours, theirs, strict=False) if other > 0]
    if not ratios:
        return None
    random = np.random.default_rng(seed)
    drawn = random.choice(ratios, (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return Ratio(statistics.median(ratios), float(low), float(high))


def growth_exponent(sizes: Sequence[float], costs: Sequence[float]) -> float | None:
    """The b of cost ∝ size^b, by least squares on logarithms; None from fewer than two sizes."""
    points = [(math.log(s), math.log(c)) for s, c in zip(sizes, costs, strict=True) if c > 0]
    if len({x for x, _ in points}) < 2:
        return None
    return statistics.linear_regression(*zip(*points, strict=True)).slope
