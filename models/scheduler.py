"""Shares the model workers of the process among all conversations.

The queue (`job_queue`) decides and lives on the event loop, so it needs no lock; a crew (`crew`)
does the work. Jobs of one kind that wait at the same time are done in one call where that is
cheaper and no worker stands idle. A job whose worker dies is tried once more, alone: what kills two
workers is given up, and takes nobody else's work with it.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from models.asr import Superseded
from models.crew import Crew, ThreadCrew, WorkerDied
from models.job_queue import Entry, JobQueue, Overloaded, Priority
from models.load import Load, LoadLimits, LoadMeter

__all__ = ["Closed", "Expired", "Outcome", "Overloaded", "Poisonous", "Priority", "Scheduler"]

T = TypeVar("T")
TaskT = TypeVar("TaskT")
ResultT = TypeVar("ResultT")

ATTEMPTS_MAX = 2
STALL_S = 5.0
_SLOWEST_TIMES = 4
_CALLS_REMEMBERED = 50

_CLOSED = "The models are shutting down."


class Expired(TimeoutError):
    """The job was not done by its deadline; the message is a sentence fit to show a user."""


class Closed(Exception):
    """The scheduler was closed before the job ran."""


class Poisonous(Exception):
    """The job ended two workers; the message is a sentence fit to show a user."""


class Outcome(StrEnum):
    """How a job left the queue, or what became of it: the label of the counters."""

    RAN = "ran"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    OVERLOADED = "overloaded"
    RETRIED = "retried"
    FAILED = "failed"


@dataclass(slots=True, eq=False)
class _Job:
    crew: Crew[Any, Any]
    task: Any
    done: asyncio.Future[Any]
    since_s: float
    deaths: int = 0
    running: bool = False


class Scheduler:
    """`workers` places behind one bounded queue. Use it on one event loop.

    `jobs_max` bounds the jobs that wait. A worker that does not answer for `stall_s` seconds, and
    for four times the slowest of the last calls, is given up as dead. `counts` says how many jobs
    of each priority left the queue by which outcome, `batches` how many calls had how many jobs,
    `busy_s` how many worker seconds they took; all of them only grow.
    """

    def __init__(
        self,
        workers: int,
        *,
        jobs_max: int = 512,
        stall_s: float = STALL_S,
        limits: LoadLimits | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        self.workers = workers
        self.counts: Counter[tuple[Priority, Outcome]] = Counter()
        self.batches: Counter[int] = Counter()
        self.busy_s = 0.0
        self._queue: JobQueue[_Job] = JobQueue(jobs_max)
        self._threads: ThreadCrew[Callable[[], Any], Any] = ThreadCrew(_call_each, workers)
        self._meter = LoadMeter(workers, limits)
        self._stall_s = stall_s
        self._took_s: deque[float] = deque(maxlen=_CALLS_REMEMBERED)
        self._idle = list(range(workers))
        self._serving: set[asyncio.Task[None]] = set()
        self._closed = False

    async def run(
        self, priority: Priority, key: Hashable, job: Callable[[], T], *, deadline_s: float
    ) -> T:
        """Run `job` in a worker thread and return what it returns. See `submit`."""
        result: T = await self.submit(
            self._threads, job, priority=priority, key=key, deadline_s=deadline_s
        )
        return result

    async def submit(
        self,
        crew: Crew[TaskT, ResultT],
        task: TaskT,
        *,
        priority: Priority,
        key: Hashable,
        deadline_s: float,
    ) -> ResultT:
        """Have `crew` do `task` when its turn comes, and return its result.

        `key` names the utterance or reply it belongs to; `deadline_s` is in how many seconds it has
        to be done, or, where it is expendable, to have begun. Raises `Superseded` for an expendable
        job that was replaced, expired or crowded out, `Expired` and `Overloaded` for the others,
        `Poisonous` where two workers died over it, `Closed`, and whatever the task raises.
        Cancelling the caller takes a waiting job out of the queue.
        """
        if self._closed:
            raise Closed(_CLOSED)
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        job = _Job(crew, task, loop.create_future(), now_s)
        entry = self._push(priority, key, job, now_s + deadline_s)
        timer = loop.call_at(entry.deadline_s, self._expire, entry)
        try:
            result: ResultT = await job.done
        finally:
            timer.cancel()
            self._queue.remove(job)
        return result

    def drop(self, key: Hashable) -> None:
        """Take the waiting jobs of one utterance or reply out of the queue."""
        self._settle(self._queue.clear(key), Outcome.SUPERSEDED)

    def queue_depths(self) -> dict[Priority, int]:
        """How many jobs of each priority wait for a worker now."""
        return self._queue.depths()

    def load(self) -> Load:
        """How busy the workers are, and how to behave because of it."""
        return self._meter.load(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Refuse new jobs, fail the waiting ones with `Closed`, wait for the running ones.

        Crews are closed by whoever made them.
        """
        self._closed = True
        for entry in self._queue.clear():
            _fail(entry.job, Closed(_CLOSED))
        if self._serving:
            await asyncio.wait(self._serving)
        await self._threads.close()

    # From the queue to the workers -------------------------------------------------------------

    def _push(self, priority: Priority, key: Hashable, job: _Job, deadline_s: float) -> Entry[_Job]:
        try:
            entry, dropped = self._queue.push(priority, key, job, deadline_s=deadline_s)
        except Overloaded:
            self.counts[priority, Outcome.OVERLOADED] += 1
            raise
        self._settle(dropped, Outcome.SUPERSEDED)
        self._dispatch()
        return entry

    def _dispatch(self) -> None:
        now_s = asyncio.get_running_loop().time()
        self._settle(self._queue.expire(now_s), Outcome.EXPIRED)
        while self._idle and (first := self._queue.pop()):
            waiting, crew = 1 + len(self._queue), first.job.crew
            # A batch is for jobs that would wait: with workers idle, each gets one of its own.
            share = 1 if first.job.deaths else -(-waiting // len(self._idle))
            mates = self._queue.pop_like(first, min(crew.batch_max, share) - 1, _alike)
            serving = asyncio.create_task(self._serve(self._idle.pop(), [first, *mates]))
            self._serving.add(serving)
            serving.add_done_callback(self._serving.discard)

    async def _serve(self, place: int, entries: Sequence[Entry[_Job]]) -> None:
        loop = asyncio.get_running_loop()
        began_s, crew = loop.time(), entries[0].job.crew
        self._note(entries, began_s)
        # A slow model is not a dead worker: what is too long, the calls before say.
        timeout_s = max(self._stall_s, _SLOWEST_TIMES * max(self._took_s, default=0.0))
        tasks = [entry.job.task for entry in entries]
        try:
            results = await crew.work(place, tasks, timeout_s=timeout_s)
        except WorkerDied as death:
            self._bury(entries, death)
            self._dispatch()
            await crew.mend(place)
        else:
            self._took_s.append(loop.time() - began_s)
            for entry, result in zip(entries, results, strict=True):
                _tell(entry.job, result)
        finally:
            ended_s = loop.time()
            self.busy_s += ended_s - began_s
            self._meter.worked(ended_s, ended_s - began_s)
            self._idle.append(place)
            self._dispatch()

    def _note(self, entries: Sequence[Entry[_Job]], now_s: float) -> None:
        self.batches[len(entries)] += 1
        for entry in entries:
            entry.job.running = True
            self.counts[entry.priority, Outcome.RAN] += 1
            if entry.priority is Priority.FINAL:
                self._meter.waited(now_s, now_s - entry.job.since_s)

    def _bury(self, entries: Sequence[Entry[_Job]], death: WorkerDied) -> None:
        """A worker died over these: once more, each alone, and no third time."""
        for entry in entries:
            entry.job.deaths += 1
            entry.job.running = False
            if entry.job.done.done():
                continue
            if entry.job.deaths < ATTEMPTS_MAX and not self._closed:
                self.counts[entry.priority, Outcome.RETRIED] += 1
                self._queue.put_back(entry)
            else:
                self.counts[entry.priority, Outcome.FAILED] += 1
                _fail(entry.job, Poisonous(f"This could not be done: {death}"))

    # From the queue to nowhere -----------------------------------------------------------------

    def _expire(self, entry: Entry[_Job]) -> None:
        """The deadline of a job has passed: what is expendable may end if it has begun."""
        if entry.job.running and entry.priority.expendable:
            return
        self._queue.remove(entry.job)
        self._settle([entry], Outcome.EXPIRED)

    def _settle(self, dropped: Sequence[Entry[_Job]], outcome: Outcome) -> None:
        for entry in dropped:
            if entry.job.done.done():
                continue
            self.counts[entry.priority, outcome] += 1
            if entry.priority.expendable:
                _fail(entry.job, Superseded())
            elif outcome is Outcome.EXPIRED:
                _fail(entry.job, Expired("The models are too busy: it was not done in time."))
            else:
                _fail(entry.job, Closed("Nobody waits for this any more."))


def _call_each(jobs: Sequence[Callable[[], T]]) -> list[T | Exception]:
    return [job() for job in jobs]


def _alike(first: _Job, other: _Job) -> bool:
    return other.crew is first.crew and not other.deaths and first.crew.fits(first.task, other.task)


def _tell(job: _Job, result: Any) -> None:
    if isinstance(result, Exception):
        _fail(job, result)
    elif not job.done.done():
        job.done.set_result(result)


def _fail(job: _Job, error: Exception) -> None:
    if not job.done.done():
        job.done.set_exception(error)
