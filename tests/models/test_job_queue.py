"""The order of model jobs, and which of them are given up, for every history of pushes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.job_queue import Entry, JobQueue, Overloaded, Priority

pytestmark = pytest.mark.pure

FINAL, FIRST_CLAUSE, CLAUSE, PARTIAL, WARM_UP = Priority
PUSHES = st.lists(
    st.tuples(st.sampled_from(Priority), st.integers(0, 5), st.floats(0, 10)), max_size=40
)


def drain(queue: JobQueue[str]) -> list[str]:
    jobs = []
    while entry := queue.pop():
        jobs.append(entry.job)
    return jobs


def jobs(entries: list[Entry[str]]) -> list[str]:
    return [entry.job for entry in entries]


def test_finals_before_clauses_before_partials_before_warm_ups() -> None:
    queue: JobQueue[str] = JobQueue(9)
    for priority in (WARM_UP, PARTIAL, CLAUSE, FINAL, FIRST_CLAUSE):
        queue.push(priority, priority, priority.name, deadline_s=1)
    assert drain(queue) == ["FINAL", "FIRST_CLAUSE", "CLAUSE", "PARTIAL", "WARM_UP"]


def test_earliest_deadline_first_then_first_come() -> None:
    queue: JobQueue[str] = JobQueue(9)
    for job, deadline_s in (("late", 9.0), ("first", 5.0), ("second", 5.0), ("urgent", 1.0)):
        queue.push(FINAL, job, job, deadline_s=deadline_s)
    assert drain(queue) == ["urgent", "first", "second", "late"]


def test_a_newer_partial_takes_the_place_of_the_older() -> None:
    queue: JobQueue[str] = JobQueue(9)
    queue.push(PARTIAL, "ann", "ann 1", deadline_s=1)
    queue.push(PARTIAL, "bob", "bob 1", deadline_s=2)
    assert jobs(queue.push(PARTIAL, "ann", "ann 2", deadline_s=3)[1]) == ["ann 1"]
    assert drain(queue) == ["ann 2", "bob 1"]


def test_a_replacement_lives_until_its_own_deadline() -> None:
    queue: JobQueue[str] = JobQueue(9)
    queue.push(PARTIAL, "ann", "ann 1", deadline_s=1)
    queue.push(PARTIAL, "ann", "ann 2", deadline_s=3)
    assert queue.expire(2) == []
    assert jobs(queue.expire(3)) == ["ann 2"]


def test_a_final_drops_the_partial_of_its_utterance_and_no_other() -> None:
    queue: JobQueue[str] = JobQueue(9)
    queue.push(PARTIAL, "ann", "ann partial", deadline_s=1)
    queue.push(PARTIAL, "bob", "bob partial", deadline_s=1)
    assert jobs(queue.push(FINAL, "ann", "ann final", deadline_s=9)[1]) == ["ann partial"]
    assert drain(queue) == ["ann final", "bob partial"]


def test_a_final_is_not_replaced_by_another() -> None:
    queue: JobQueue[str] = JobQueue(9)
    queue.push(FINAL, "ann", "one", deadline_s=1)
    assert queue.push(FINAL, "ann", "two", deadline_s=1)[1] == []
    assert drain(queue) == ["one", "two"]


def test_a_full_line_gives_up_its_last_expendable_job() -> None:
    queue: JobQueue[str] = JobQueue(2)
    queue.push(WARM_UP, "w", "warm-up", deadline_s=1)
    queue.push(PARTIAL, "a", "partial", deadline_s=1)
    assert jobs(queue.push(FINAL, "b", "final", deadline_s=1)[1]) == ["warm-up"]
    assert jobs(queue.push(FINAL, "c", "other", deadline_s=1)[1]) == ["partial"]
    assert jobs(queue.push(PARTIAL, "d", "too late", deadline_s=1)[1]) == ["too late"]
    with pytest.raises(Overloaded, match="2 model jobs"):
        queue.push(FINAL, "e", "refused", deadline_s=1)
    assert drain(queue) == ["final", "other"]


def test_remove_forgets_one_job() -> None:
    queue: JobQueue[str] = JobQueue(9)
    queue.push(FINAL, "a", "gone", deadline_s=1)
    queue.push(FINAL, "a", "stays", deadline_s=1)
    queue.remove("gone")
    queue.remove("never queued")
    assert drain(queue) == ["stays"]


def test_clear_drops_one_key_or_all() -> None:
    queue: JobQueue[str] = JobQueue(9)
    for key in "aba":
        queue.push(FINAL, key, key, deadline_s=1)
    assert jobs(queue.clear("a")) == ["a", "a"]
    assert jobs(queue.clear()) == ["b"]
    assert len(queue) == 0


def test_a_queue_needs_room() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        JobQueue(0)


@given(PUSHES, st.integers(1, 8), st.floats(0, 10))
@settings(max_examples=100)
def test_every_job_leaves_exactly_once(
    pushes: list[tuple[Priority, int, float]], jobs_max: int, now_s: float
) -> None:
    queue: JobQueue[int] = JobQueue(jobs_max)
    left: list[int] = []
    for number, (priority, key, deadline_s) in enumerate(pushes):
        try:
            _, dropped = queue.push(priority, key, number, deadline_s=deadline_s)
        except Overloaded:
            assert not priority.expendable
            left.append(number)
            continue
        assert all(entry.priority.expendable for entry in dropped)
        left += [entry.job for entry in dropped]
        assert len(queue) <= jobs_max
        assert sum(queue.depths().values()) == len(queue)
    expired = queue.expire(now_s)
    assert all(entry.deadline_s <= now_s for entry in expired)
    left += [entry.job for entry in expired]
    priorities = []
    while entry := queue.pop():
        assert entry.deadline_s > now_s
        priorities.append(entry.priority)
        left.append(entry.job)
    assert priorities == sorted(priorities)
    assert sorted(left) == list(range(len(pushes)))


@given(PUSHES)
@settings(max_examples=100)
def test_one_partial_per_key_waits(pushes: list[tuple[Priority, int, float]]) -> None:
    queue: JobQueue[int] = JobQueue(99)
    for number, (_, key, deadline_s) in enumerate(pushes):
        queue.push(PARTIAL, key, number, deadline_s=deadline_s)
    assert len(queue) == len({key for _, key, _ in pushes})


def test_mates_are_of_one_priority_and_fit() -> None:
    queue: JobQueue[str] = JobQueue(9)
    for priority, job in ((FINAL, "a1"), (FINAL, "b1"), (FINAL, "a2"), (FINAL, "a3")):
        queue.push(priority, job, job, deadline_s=1)
    queue.push(PARTIAL, "p", "a partial", deadline_s=1)
    first = queue.pop()
    assert first is not None
    mates = queue.pop_like(first, 1, lambda one, other: one[0] == other[0])
    assert jobs(mates) == ["a2"]
    assert jobs(queue.pop_like(first, 9, lambda one, other: one[0] == other[0])) == ["a3"]
    assert queue.pop_like(first, 0, lambda _one, _other: True) == []
    assert drain(queue) == ["b1", "a partial"]


def test_what_is_put_back_has_its_old_place() -> None:
    queue: JobQueue[str] = JobQueue(2)
    first, _ = queue.push(FINAL, "a", "first", deadline_s=1)
    queue.push(FINAL, "b", "second", deadline_s=2)
    assert queue.pop() is first
    queue.push(FINAL, "c", "third", deadline_s=3)
    queue.put_back(first)
    assert drain(queue) == ["first", "second", "third"]
