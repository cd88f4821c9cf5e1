"""The scheduler and its crews: batches, workers that die, work that kills, and the load."""

import asyncio
from collections.abc import Sequence

import pytest

from models.asr import Superseded
from models.crew import WorkerDied
from models.scheduler import Expired, Outcome, Poisonous, Priority, Scheduler
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story

LONG_S = 60.0


class Scripted:
    """A crew whose workers do what the test says: `poison` kills them, others are echoed."""

    batch_max = 4

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.mended: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.timeouts_s: list[float] = []
        self.takes_s = 0.0

    def fits(self, first: str, other: str) -> bool:
        return first[0] == other[0]

    async def work(
        self, place: int, tasks: Sequence[str], *, timeout_s: float
    ) -> Sequence[str | Exception]:
        del place
        self.calls.append(list(tasks))
        self.timeouts_s.append(timeout_s)
        await self.open.wait()
        await asyncio.sleep(self.takes_s)
        if any(task.endswith("poison") for task in tasks):
            raise WorkerDied("it was killed.")
        return [f"{task}!" for task in tasks]

    async def mend(self, place: int) -> None:
        self.mended.append(place)

    async def close(self) -> None:
        self.open.set()


def submit(
    scheduler: Scheduler,
    crew: Scripted,
    task: str,
    priority: Priority = Priority.FINAL,
    deadline_s: float = LONG_S,
) -> asyncio.Task[str]:
    return asyncio.create_task(
        scheduler.submit(crew, task, priority=priority, key=task, deadline_s=deadline_s)
    )


async def test_what_waits_together_is_done_together() -> None:
    scheduler, crew = Scheduler(1), Scripted()
    crew.open.clear()
    tasks = [submit(scheduler, crew, task) for task in ("a0", "a1", "b1", "a2", "a3", "a4", "a5")]
    tasks.append(submit(scheduler, crew, "a partial", Priority.PARTIAL))
    await asyncio.sleep(0)
    crew.open.set()
    done = await asyncio.gather(*tasks)
    assert done == [f"{t}!" for t in ("a0", "a1", "b1", "a2", "a3", "a4", "a5", "a partial")]
    assert crew.calls == [["a0"], ["a1", "a2", "a3", "a4"], ["b1"], ["a5"], ["a partial"]]
    assert scheduler.batches == {1: 4, 4: 1}
    await scheduler.close()


async def test_idle_workers_share_the_work() -> None:
    scheduler, crew = Scheduler(4), Scripted()
    await asyncio.gather(*(submit(scheduler, crew, f"a{number}") for number in range(4)))
    assert sorted(map(len, crew.calls)) == [1, 1, 1, 1]
    await scheduler.close()


async def test_what_kills_two_workers_is_given_up_and_harms_nobody_else() -> None:
    scheduler, crew = Scheduler(1), Scripted()
    crew.open.clear()
    first = submit(scheduler, crew, "a first")
    await asyncio.sleep(0)
    others = [submit(scheduler, crew, task) for task in ("a1", "a poison", "a2")]
    await asyncio.sleep(0)
    crew.open.set()
    assert await first == "a first!"
    one, poisoned, two = await asyncio.gather(*others, return_exceptions=True)
    assert (one, two) == ("a1!", "a2!")
    assert isinstance(poisoned, Poisonous)
    assert crew.calls[1:] == [["a1", "a poison", "a2"], ["a1"], ["a poison"], ["a2"]]
    assert crew.mended == [0, 0]
    assert scheduler.counts[Priority.FINAL, Outcome.RETRIED] == 3
    assert scheduler.counts[Priority.FINAL, Outcome.FAILED] == 1
    await scheduler.close()


def test_a_slow_model_is_not_a_dead_worker() -> None:
    async def story() -> None:
        scheduler, crew = Scheduler(1, stall_s=5), Scripted()
        for seconds in (0.1, 3.0, 0.1):
            crew.takes_s = seconds
            await submit(scheduler, crew, "a task")
        assert crew.timeouts_s == [5, 5, pytest.approx(12)]
        await scheduler.close()

    run_virtual(story())


async def test_a_deadline_holds_for_work_that_runs() -> None:
    scheduler, crew = Scheduler(2), Scripted()
    crew.open.clear()
    with pytest.raises(Expired):
        await submit(scheduler, crew, "a final", deadline_s=0.001)
    partial = submit(scheduler, crew, "b partial", Priority.PARTIAL, deadline_s=0.001)
    with pytest.raises(Superseded):
        await submit(scheduler, crew, "c partial", Priority.PARTIAL, deadline_s=0.001)
    crew.open.set()
    assert await partial == "b partial!", "what has begun may as well end"
    assert await submit(scheduler, crew, "a next") == "a next!"
    await scheduler.close()


async def test_an_error_in_a_result_is_raised_for_its_task() -> None:
    class Failing(Scripted):
        async def work(
            self, place: int, tasks: Sequence[str], *, timeout_s: float
        ) -> Sequence[str | Exception]:
            return [ValueError(task) for task in tasks]

    scheduler = Scheduler(1)
    with pytest.raises(ValueError, match="a task"):
        await submit(scheduler, Failing(), "a task")
    await scheduler.close()


async def test_an_idle_scheduler_has_no_load() -> None:
    scheduler = Scheduler(1)
    assert (scheduler.load().stretch, scheduler.load().full) == (1.0, False)
    await scheduler.close()
