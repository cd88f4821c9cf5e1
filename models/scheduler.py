"""Shares the model workers of the process among all conversations.

The queue (`job_queue`) decides and lives on the event loop, so it needs no lock; the workers are
plain threads, because every engine here releases the interpreter lock while it computes. A job is
a function without arguments: it may block, and nobody can interrupt it once it runs.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from models.asr import Superseded
from models.job_queue import Entry, JobQueue, Overloaded, Priority

__all__ = ["Closed", "Expired", "Outcome", "Overloaded", "Priority", "Scheduler"]

T = TypeVar("T")

_CLOSED = "The models are shutting down."


class Expired(TimeoutError):
    """The job waited past its deadline; the message is a sentence fit to show a user."""


class Closed(Exception):
    """The scheduler was closed before the job ran."""


class Outcome(StrEnum):
    """How a job left the queue: the label of the counters."""

    RAN = "ran"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    OVERLOADED = "overloaded"


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[], None]
    done: asyncio.Future[None]


class Scheduler:
    """`workers` threads behind one bounded queue. Use it on one event loop.

    `jobs_max` bounds the jobs that wait. `counts` says how many jobs of each priority left the
    queue by which outcome, `busy_s` how many worker seconds they took; both only grow.
    """

    def __init__(self, workers: int, *, jobs_max: int = 512) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self.workers = workers
        self.counts: Counter[tuple[Priority, Outcome]] = Counter()
        self.busy_s = 0.0
        self._queue: JobQueue[_Job] = JobQueue(jobs_max)
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="model")
        self._running = 0
        self._closed = False

    async def run(
        self, priority: Priority, key: Hashable, job: Callable[[], T], *, deadline_s: float
    ) -> T:
        """Run `job` in a worker thread and return what it returns.

        `key` names the utterance or reply it belongs to; `deadline_s` is how many seconds from now
        the job may wait for a worker. Raises `Superseded` for an expendable job that was replaced,
        expired or crowded out, `Expired` and `Overloaded` for the others, `Closed`, and whatever
        `job` raises. Cancelling the caller takes a waiting job out of the queue.
        """
        if self._closed:
            raise Closed(_CLOSED)
        loop = asyncio.get_running_loop()
        results: list[T] = []
        queued = _Job(lambda: results.append(job()), loop.create_future())
        deadline = loop.time() + deadline_s
        self._push(priority, key, queued, deadline)
        timer = loop.call_at(deadline, self._expire, deadline)
        try:
            await queued.done
        finally:
            timer.cancel()
            self._queue.remove(queued)
        return results[0]

    def drop(self, key: Hashable) -> None:
        """Take the waiting jobs of one utterance or reply out of the queue."""
        self._settle(self._queue.clear(key), Outcome.SUPERSEDED)

    def queue_depths(self) -> dict[Priority, int]:
        """How many jobs of each priority wait for a worker now."""
        return self._queue.depths()

    async def close(self) -> None:
        """Refuse new jobs, fail the waiting ones with `Closed`, wait for the running ones."""
        self._closed = True
        for entry in self._queue.clear():
            _fail(entry.job, Closed(_CLOSED))
        await asyncio.to_thread(self._threads.shutdown)

    def _push(self, priority: Priority, key: Hashable, job: _Job, deadline: float) -> None:
        try:
            dropped = self._queue.push(priority, key, job, deadline_s=deadline)
        except Overloaded:
            self.counts[priority, Outcome.OVERLOADED] += 1
            raise
        self._settle(dropped, Outcome.SUPERSEDED)
        self._dispatch()

    def _dispatch(self) -> None:
        self._expire(asyncio.get_running_loop().time())
        while self._running < self.workers and (entry := self._queue.pop()):
            self._start(entry)

    def _start(self, entry: Entry[_Job]) -> None:
        loop = asyncio.get_running_loop()
        self._running += 1
        self.counts[entry.priority, Outcome.RAN] += 1
        began_s = loop.time()
        work = loop.run_in_executor(self._threads, entry.job.work)
        work.add_done_callback(lambda ended: self._finish(entry.job, ended, began_s))

    def _finish(self, job: _Job, ended: asyncio.Future[None], began_s: float) -> None:
        self._running -= 1
        self.busy_s += asyncio.get_running_loop().time() - began_s
        error = ended.exception()
        if error is not None:
            _fail(job, error)
        elif not job.done.done():
            job.done.set_result(None)
        self._dispatch()

    def _expire(self, now_s: float) -> None:
        self._settle(self._queue.expire(now_s), Outcome.EXPIRED)

    def _settle(self, dropped: list[Entry[_Job]], outcome: Outcome) -> None:
        for entry in dropped:
            self.counts[entry.priority, outcome] += 1
            if entry.priority.expendable:
                _fail(entry.job, Superseded())
            elif outcome is Outcome.EXPIRED:
                _fail(entry.job, Expired("The models are too busy: nothing was free in time."))
            else:
                _fail(entry.job, Closed("Nobody waits for this any more."))


def _fail(job: _Job, error: BaseException) -> None:
    if not job.done.done():
        job.done.set_exception(error)
