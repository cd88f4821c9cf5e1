"""Which model job runs next, and which never runs: a pure queue with limits.

Final transcripts come before first clauses of speech, those before partials. Under load the queue
gives up what nobody will miss: a partial is *expendable*, because the next one of the same
utterance says everything it would have said. Time is an argument; nothing here waits or runs.
"""

import bisect
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

JobT = TypeVar("JobT")


class Priority(IntEnum):
    """What a job is for; smaller runs sooner."""

    FINAL = 0
    """Somebody stopped speaking and waits for an answer."""
    FIRST_CLAUSE = 1
    """The first words of a reply, before there is anything to play."""
    PARTIAL = 2
    """Captions while somebody speaks."""
    WARM_UP = 3
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
    rank: tuple[int, float, int] = (0, 0.0, 0)
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
    ) -> list[Entry[JobT]]:
        """Queue a job; return the expendable ones that it displaced.

        A queued partial of the same key gives its place to a newer partial, and is dropped for a
        final of that key, which will say more. In a full line the last expendable job makes room;
        that can be the new job itself. Raises `Overloaded` where nothing is expendable.
        """
        self._arrivals += 1
        rank = (int(priority), deadline_s, self._arrivals)
        dropped = self._drop(lambda e: e.key == key and e.priority.expendable >= (e.priority > priority) and self._made_stale(e, priority))
        return dropped
