"""When sessions begin and frames leave: decided beforehand, so that nobody waits for the server.

A generator that waits for answers measures a server that is never overloaded ("coordinated
omission", Gil Tene). Ours sends by absolute times and reports its own lateness. Pure.
"""

import heapq
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Literal

import numpy as np

from voice_server.bench.figures import percentile

Arrivals = Literal["poisson", "together"]

FRAME_S = 0.02
LATE_MS_MAX = 5.0
"""A run whose 99th percentile of lateness is beyond this is void."""


def arrivals_s(kind: Arrivals, sessions: int, over_s: float, seed: int) -> list[float]:
    """Seconds at which sessions begin: at random over about `over_s`, or all at 0.

    A Poisson process: the time between two arrivals is exponential, with mean over_s / sessions.
    """
    if kind == "together":
        return [0.0] * sessions
    gaps = np.random.default_rng(seed).exponential(over_s / sessions, sessions)
    return list(accumulate(map(float, gaps)))


def phases_s(arrivals: Sequence[float]) -> list[float]:
    """Where within 20 ms each session's frames leave."""
    return [arrival % FRAME_S for arrival in arrivals]


def frames(phases: Sequence[float], seconds: float) -> Iterator[tuple[float, int, int]]:
    """Each frame's time in seconds, session and number, in order of time."""
    queue = [(phase, session, 0) for session, phase in enumerate(phases)]
    heapq.heapify(queue)
    while queue and queue[0][0] < seconds:
        due_s, session, number = queue[0]
        yield due_s, session, number
        after = phases[session] + (number + 1) * FRAME_S
        heapq.heapreplace(queue, (after, session, number + 1))


def void_reason(late_ms: Sequence[float], late_ms_max: float = LATE_MS_MAX) -> str | None:
    """Why a run says nothing about the server; None where it does."""
    p99 = percentile(late_ms, 99)
    if p99 is None:
        return None
    if p99 > late_ms_max:
        return f"the load generator was {p99:.1f} ms late (p99; {late_ms_max:.0f} ms is allowed)"
    return None
