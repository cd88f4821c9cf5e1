"""Which model job runs next, and which never runs: a pure queue with limits.

Final transcripts come before first clauses of speech, those before later ones, and all before
partials. Under load the queue
gives up what nobody will miss: a partial is *expendable*, because the next one of the same
utterance says everything it would have said. Time is an argument; nothing here waits or runs.
"""

import bisect
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import islice
from typing import Generic, TypeVar

JobT = TypeVar("JobT")


class Priority(IntEnum):
    """What a job is for; smaller runs sooner."""

    FINAL = 0
    """Somebody stopped speaking and waits for an answer."""
    FIRST_CLAUSE = 1
    """The first words of a reply, before there is anything to play."""
    CLAUSE = 2
    """What follows in a reply, made while the words before it play."""
    PARTIAL = 3
    """Captions while somebody speaks."""
    WARM_UP = 4
    """Work that only makes later work faster."""

    @property
    def expendable(self) -> bool:
        """True where a dropped job is not a failure."""
        return self >= Priority.PARTIAL


class Overloaded(Exception):
    """The queue is full of work that matters more; the message is fit to show a user."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[JobT]):
    """A queued job. `key` names the utterance (or reply) that it belongs to."""

    priority: Priority
    key: Hashable
    deadline_s: float
    """On the caller's clock: the moment after which the job must no longer start."""
    job: JobT = field(repr=False)
    rank: tuple[int, float, int]
    """Place in the line: priority, deadline, arrival. A replacement takes over its elder's."""


class JobQueue(Generic[JobT]):
    """At most `jobs_max` jobs, best first.

    Methods that drop jobs return them, so that whoever waits can be told; they never drop a job
    silently.
    """

    def __init__(self, jobs_max: int) -> None:
        if jobs_max < 1:
            raise ValueError(f"jobs_max must be at least 1, not {jobs_max}")
        self._jobs_max = jobs_max
        self._line: list[Entry[JobT]] = []
        self._arrivals = 0

    def __len__(self) -> int:
        return len(self._line)

    def push(
        self, priority: Priority, key: Hashable, job: JobT, *, deadline_s: float
    ) -> tuple[Entry[JobT], list[Entry[JobT]]]:
        """Queue a job; return its entry and the expendable ones that it displaced.

        A queued partial gives its place to a newer partial of the same key, and is dropped for a
        final of that key, which will say more. In a full line the last expendable job makes room;
        that can be the new job itself. Raises `Overloaded` where nothing is expendable.
        """
        dropped = self._take([e for e in self._line if e.key == key and _stale(e, priority)])
        if len(self) == self._jobs_max and not (
            priority.expendable or self._line[-1].priority.expendable
        ):
            raise Overloaded(f"{len(self)} model jobs are waiting already; try again in a moment.")
        self._arrivals += 1
        rank = (int(priority), deadline_s, self._arrivals)
        inherited = [e.rank for e in dropped if e.priority is priority]
        entry = Entry(priority, key, deadline_s, job, min(inherited, default=rank))
        bisect.insort(self._line, entry, key=lambda e: e.rank)
        if len(self) > self._jobs_max:
            dropped.append(self._line.pop())
        return entry, dropped

    def pop(self) -> Entry[JobT] | None:
        """Take the job that should start now, or None. Call `expire` first."""
        return self._line.pop(0) if self._line else None

    def pop_like(
        self, first: Entry[JobT], jobs_max: int, fits: Callable[[JobT, JobT], bool]
    ) -> list[Entry[JobT]]:
        """Take up to `jobs_max` jobs of the priority of `first` that fit it, best first.

        Only of its own priority: a final must not wait for partials that came along with it.
        """
        alike = (e for e in self._line if e.priority is first.priority and fits(first.job, e.job))
        return self._take(list(islice(alike, max(0, jobs_max))))

    def expire(self, now_s: float) -> list[Entry[JobT]]:
        """Drop and return the jobs whose deadline has passed."""
        return self._take([e for e in self._line if e.deadline_s <= now_s])

    def put_back(self, entry: Entry[JobT]) -> None:
        """Return a job that was popped to its old place in the line, whatever the limit."""
        bisect.insort(self._line, entry, key=lambda e: e.rank)

    def remove(self, job: JobT) -> None:
        """Forget a job whose caller went away; nothing happens where it is not queued."""
        self._take([e for e in self._line if e.job is job])

    def clear(self, key: Hashable | None = None) -> list[Entry[JobT]]:
        """Drop and return the jobs of one key, or all of them."""
        return self._take([e for e in self._line if key is None or e.key == key])

    def depths(self) -> dict[Priority, int]:
        """How many jobs of each priority wait."""
        return {p: sum(e.priority is p for e in self._line) for p in Priority}

    def _take(self, gone: list[Entry[JobT]]) -> list[Entry[JobT]]:
        if gone:
            numbers = {id(e) for e in gone}
            self._line = [e for e in self._line if id(e) not in numbers]
        return gone


def _stale(queued: Entry[JobT], newcomer: Priority) -> bool:
    return queued.priority.expendable and newcomer in (queued.priority, Priority.FINAL)
