"""An event loop whose clock jumps to the next timer, so that an hour of waiting takes a moment.

Code under it must take its time from the loop (`loop.time()`, `asyncio.sleep`, `asyncio.timeout`).
Jobs given to threads run in real time, and the clock stands still until they are done.
"""

import asyncio
import selectors
from asyncio import Future
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

ResultT = TypeVar("ResultT")
ArgumentsT = TypeVarTuple("ArgumentsT")

FOREIGN_THREAD_S = 1.0
"""Real seconds granted to threads that the loop did not start before calling it a deadlock."""


class Deadlock(RuntimeError):
    """Every task waits for something that nobody will do."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Starts at 0 s."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._jobs_in_threads = 0
        super().__init__(_JumpingSelector(self._pass))

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._now_s

    def run_in_executor(
        self,
        executor: Executor | None,
        func: Callable[[*ArgumentsT], ResultT],
        *args: *ArgumentsT,
    ) -> "Future[ResultT]":
        """As in asyncio; the clock stands still meanwhile."""
        future = super().run_in_executor(executor, func, *args)
        self._jobs_in_threads += 1
        future.add_done_callback(self._job_done)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """As in asyncio, where joining the threads is also a job in a thread."""
        self._jobs_in_threads += 1
        await super().shutdown_default_executor()
        self._jobs_in_threads -= 1

    def _job_done(self, _: "Future[Any]") -> None:
        self._jobs_in_threads -= 1

    def _pass(self, wait_s: float | None) -> float | None:
        """Let `wait_s` go by (None: for ever). Returns real seconds to wait for threads."""
        if self._jobs_in_threads:
            return None
        if wait_s is None:
            return FOREIGN_THREAD_S
        self._now_s += wait_s
        return 0


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the clock what to do when nothing is ready."""

    def __init__(self, let_pass: Callable[[float | None], float | None]) -> None:
        super().__init__()
        self._let_pass = let_pass

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        ready = super().select(self._let_pass(timeout))
        if timeout is None and not ready:
            raise Deadlock("deadlock: nothing left to wait for")
        return ready


def run_virtual(coroutine: Coroutine[Any, Any, ResultT]) -> ResultT:
    """`asyncio.run` in virtual time. Raises `Deadlock` instead of waiting for ever."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(coroutine)
