"""How busy the model workers are, and what follows from it: slower partials, then no newcomers.

Pure: told what happened and when, asked what to do. Partials are the only work that can be given
up, so their interval is stretched until the workers are busy for about two thirds of the time; work
that finals need is then always near. Where even slow partials are too many, or finals have waited
too long, newcomers are refused, until the load is well below the point at which that began.
"""

from collections import deque
from dataclasses import dataclass

_TICK_S = 0.5
_TICKS_MAX = 20
_STEP_MIN, _STEP_MAX = 0.7, 1.5


@dataclass(frozen=True, slots=True)
class Load:
    """How to behave now."""

    stretch: float = 1.0
    """By how much the interval between partials grows; 1 when idle."""
    full: bool = False
    """Whether newcomers are to be refused."""
    retry_after_s: int = 0
    """When a refused newcomer should ask again."""


@dataclass(frozen=True, slots=True)
class LoadLimits:
    """Where a load becomes too much."""

    busy_share: float = 0.65
    """What part of the workers' time may be taken before partials slow down."""
    stretch_max: float = 8.0
    refuse_stretch: float = 4.0
    """Beyond this newcomers are refused."""
    admit_stretch: float = 2.0
    """Below this they are let in again."""
    wait_ms_max: int = 300
    """Finals that wait longer (95th percentile of ten seconds) turn newcomers away."""
    window_s: float = 10.0
    retry_after_s: int = 5


class LoadMeter:
    """Watches `workers` workers. Times are seconds on one steady clock."""

    def __init__(self, workers: int, limits: LoadLimits | None = None) -> None:
        self._workers = workers
        self._limits = limits or LoadLimits()
        self._stretch = 1.0
        self._full = False
        self._busy_s = 0.0
        self._since_s: float | None = None
        self._waits: deque[tuple[float, float]] = deque(maxlen=1000)

    def worked(self, now_s: float, seconds: float) -> None:
        """A worker has just finished something that took that long."""
        self._tick(now_s)
        self._busy_s += seconds

    def waited(self, now_s: float, seconds: float) -> None:
        """A final has just begun, after waiting that long."""
        self._waits.append((now_s, seconds))

    def load(self, now_s: float) -> Load:
        """Return how to behave now."""
        self._tick(now_s)
        limits = self._limits
        wait_ms = 1000 * self._slowest_wait_s(now_s)
        if self._stretch > limits.refuse_stretch or wait_ms > limits.wait_ms_max:
            self._full = True
        elif self._stretch < limits.admit_stretch and wait_ms < limits.wait_ms_max / 3:
            self._full = False
        return Load(self._stretch, self._full, limits.retry_after_s if self._full else 0)

    def _tick(self, now_s: float) -> None:
        if self._since_s is None:
            self._since_s = now_s
        passed_s = now_s - self._since_s
        if passed_s < _TICK_S:
            return
        share = self._busy_s / (self._workers * passed_s)
        step = min(max(share / self._limits.busy_share, _STEP_MIN), _STEP_MAX)
        steps = min(_TICKS_MAX, int(passed_s / _TICK_S))
        self._stretch = min(max(1.0, self._stretch * step**steps), self._limits.stretch_max)
        self._busy_s = 0.0
        self._since_s = now_s

    def _slowest_wait_s(self, now_s: float) -> float:
        while self._waits and self._waits[0][0] < now_s - self._limits.window_s:
            self._waits.popleft()
        waits = sorted(seconds for _, seconds in self._waits)
        return waits[int(0.95 * (len(waits) - 1))] if waits else 0.0
