"""Who does the work that the scheduler hands out: threads here, processes, or other machines.

A crew has as many places as its scheduler has workers and does one kind of work. The scheduler
decides when and in which place; the crew only does it. Whatever stands behind the Protocol has to
pass the contract in `tests/models/contract`.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")
TaskT_contra = TypeVar("TaskT_contra", contravariant=True)
ResultT_co = TypeVar("ResultT_co", covariant=True)


class WorkerDied(Exception):
    """The worker ended, or did not answer in time and was ended; the tasks may be tried again."""


class Crew(Protocol[TaskT_contra, ResultT_co]):
    """Workers of one kind."""

    @property
    def batch_max(self) -> int:
        """How many tasks one call may have."""
        ...

    def fits(self, first: TaskT_contra, other: TaskT_contra) -> bool:
        """Whether two tasks gain from being done in one call."""
        ...

    async def work(
        self, place: int, tasks: Sequence[TaskT_contra], *, timeout_s: float
    ) -> Sequence[ResultT_co | Exception]:
        """Do some tasks in a place that is free; return a result or an error for each, in order.

        Raises `WorkerDied`, at the latest after about `timeout_s` where the crew can end a worker;
        after that the place needs `mend`.
        """
        ...

    async def mend(self, place: int) -> None:
        """Bring a place back to work after its worker died; may take seconds."""
        ...

    async def close(self) -> None:
        """End all workers. Calls that still run raise `WorkerDied`, or end first."""
        ...


class ThreadCrew(Generic[TaskT, ResultT]):
    """Threads of this process; `function` does a batch and has to release the interpreter lock."""

    def __init__(
        self,
        function: Callable[[Sequence[TaskT]], Sequence[ResultT | Exception]],
        workers: int,
        *,
        batch_max: int = 1,
        fits: Callable[[TaskT, TaskT], bool] = lambda _first, _other: True,
    ) -> None:
        self._function = function
        self._batch_max = batch_max
        self._fits = fits
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="model")

    @property
    def batch_max(self) -> int:
        """See `Crew.batch_max`."""
        return self._batch_max

    def fits(self, first: TaskT, other: TaskT) -> bool:
        """See `Crew.fits`."""
        return self._fits(first, other)

    async def work(
        self, place: int, tasks: Sequence[TaskT], *, timeout_s: float
    ) -> Sequence[ResultT | Exception]:
        """Run the function in a thread, to its end: a thread cannot be stopped."""
        del place, timeout_s
        call = asyncio.get_running_loop().run_in_executor(self._threads, self._function, tasks)
        await asyncio.wait([call])
        error = call.exception()
        if isinstance(error, Exception):
            return [error] * len(tasks)
        return call.result()

    async def mend(self, place: int) -> None:
        """A thread does not die."""

    async def close(self) -> None:
        """Wait for what runs."""
        await asyncio.to_thread(self._threads.shutdown)
