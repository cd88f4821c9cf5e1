"""Catches whatever keeps an event loop busy for so long that somebody's audio would stutter.

Counts the CPU time of the loop's own thread, so a noisy neighbour is not mistaken for a slow
callback; nor is the garbage collector, which goes through all that thousands of tests have left.
Only callbacks of asyncio's own loops are seen, not uvloop's.
"""

import asyncio
import gc
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

BLOCKED_MS_MAX = 100
"""Twice what the server allows itself: a core that is shared counts CPU time generously."""


class LoopBlocked(AssertionError):
    """A callback held the event loop; the message names the worst one."""


class _CollectorClock:
    """How much CPU time of one thread the garbage collector has taken."""

    def __init__(self) -> None:
        self.used_s = 0.0
        self._thread = threading.get_ident()
        self._started_s = 0.0

    def __call__(self, phase: str, _: dict[str, int]) -> None:
        """What the collector says, in the thread in which it works."""
        if threading.get_ident() != self._thread:
            return
        if phase == "start":
            self._started_s = time.thread_time()
        else:
            self.used_s += time.thread_time() - self._started_s


@contextmanager
def loop_watch(blocked_ms_max: int = BLOCKED_MS_MAX) -> Iterator[None]:
    """Raises `LoopBlocked` at the end of the block if one callback used more CPU than allowed."""
    blocked: list[tuple[float, str]] = []
    run = asyncio.Handle._run
    collector = _CollectorClock()

    def own_time_s() -> float:
        return time.thread_time() - collector.used_s

    def timed_run(self: asyncio.Handle) -> None:
        callback = self._callback  # type: ignore[attr-defined]
        owner = getattr(callback, "__self__", self)  # of a task's step, the task
        started_s = own_time_s()
        run(self)
        used_ms = (own_time_s() - started_s) * 1000
        if used_ms > blocked_ms_max:
            blocked.append((used_ms, repr(owner)))

    asyncio.Handle._run = timed_run  # type: ignore[method-assign]
    gc.callbacks.append(collector)
    try:
        yield
    finally:
        gc.callbacks.remove(collector)
        asyncio.Handle._run = run  # type: ignore[method-assign]
    if blocked:
        worst_ms, callback = max(blocked)
        raise LoopBlocked(
            f"the event loop was blocked {len(blocked)} times, at worst for {worst_ms:.0f} ms of "
            f"CPU time (limit {blocked_ms_max} ms), by {callback}"
        )
