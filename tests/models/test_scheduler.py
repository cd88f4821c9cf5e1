"""Jobs in real threads: who is told what, and that the loop and the callers stay free."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from models.asr import Superseded
from models.scheduler import Closed, Expired, Outcome, Overloaded, Priority, Scheduler

pytestmark = pytest.mark.engine

LONG_S = 60.0


class Gate:
    """A job that says when it runs and ends when it is let go."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.entered = asyncio.Event()
        self.leave = threading.Event()

    def __call__(self) -> str:
        self.loop.call_soon_threadsafe(self.entered.set)
        assert self.leave.wait(LONG_S)
        return "gate"


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(1, jobs_max=3)
    yield scheduler
    await scheduler.close()


@pytest.fixture
async def gate(scheduler: Scheduler) -> AsyncIterator[Gate]:
    """Keep the only worker busy until the test lets it go."""
    gate = Gate()
    task = asyncio.create_task(
        scheduler.run(Priority.FINAL, "gate", gate, deadline_s=LONG_S), name="gate"
    )
    await gate.entered.wait()
    yield gate
    gate.leave.set()
    assert await task == "gate"


def submit(
    scheduler: Scheduler, priority: Priority, key: str, deadline_s: float = LONG_S
) -> asyncio.Task[str]:
    return asyncio.create_task(
        scheduler.run(priority, key, lambda: f"{key} ran", deadline_s=deadline_s)
    )


async def queued(scheduler: Scheduler, count: int) -> None:
    """Let tasks that were just created reach the queue: one turn of the loop."""
    await asyncio.sleep(0)
    assert sum(scheduler.queue_depths().values()) == count


async def test_returns_what_the_job_returns(scheduler: Scheduler) -> None:
    name = await scheduler.run(
        Priority.FINAL, "k", lambda: threading.current_thread().name, deadline_s=LONG_S
    )
    assert name.startswith("model")
    assert scheduler.counts[Priority.FINAL, Outcome.RAN] == 1
    assert scheduler.busy_s > 0


async def test_raises_what_the_job_raises_and_goes_on(scheduler: Scheduler) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await scheduler.run(Priority.FINAL, "k", broken, deadline_s=LONG_S)
    assert await submit(scheduler, Priority.FINAL, "next") == "next ran"


async def test_the_final_overtakes_the_partials(scheduler: Scheduler, gate: Gate) -> None:
    order: list[str] = []

    async def run(priority: Priority, key: str) -> None:
        await scheduler.run(priority, key, lambda: order.append(key), deadline_s=LONG_S)

    partial = asyncio.create_task(run(Priority.PARTIAL, "partial"))
    await queued(scheduler, 1)
    final = asyncio.create_task(run(Priority.FINAL, "final"))
    await queued(scheduler, 2)
    gate.leave.set()
    await asyncio.gather(partial, final)
    assert order == ["final", "partial"]


async def test_the_older_partial_is_told(scheduler: Scheduler, gate: Gate) -> None:
    older = submit(scheduler, Priority.PARTIAL, "ann")
    await queued(scheduler, 1)
    newer = submit(scheduler, Priority.PARTIAL, "ann")
    with pytest.raises(Superseded):
        await older
    gate.leave.set()
    assert await newer == "ann ran"
    assert scheduler.counts[Priority.PARTIAL, Outcome.SUPERSEDED] == 1


async def test_a_deadline_passes_while_every_worker_is_busy(
    scheduler: Scheduler, gate: Gate
) -> None:
    with pytest.raises(Expired, match="too busy"):
        await submit(scheduler, Priority.FINAL, "final", deadline_s=0.001)
    with pytest.raises(Superseded):
        await submit(scheduler, Priority.PARTIAL, "partial", deadline_s=0.001)
    assert scheduler.counts[Priority.FINAL, Outcome.EXPIRED] == 1
    assert scheduler.counts[Priority.PARTIAL, Outcome.EXPIRED] == 1
    assert not gate.leave.is_set()


async def test_a_full_queue_refuses_finals_and_drops_partials(
    scheduler: Scheduler, gate: Gate
) -> None:
    partial = submit(scheduler, Priority.PARTIAL, "p")
    finals = [submit(scheduler, Priority.FINAL, f"f{n}") for n in range(3)]
    with pytest.raises(Superseded):
        await partial
    with pytest.raises(Overloaded, match="try again"):
        await submit(scheduler, Priority.FINAL, "one too many")
    assert scheduler.queue_depths()[Priority.FINAL] == 3
    gate.leave.set()
    assert await asyncio.gather(*finals) == ["f0 ran", "f1 ran", "f2 ran"]
    assert scheduler.counts[Priority.FINAL, Outcome.OVERLOADED] == 1


async def test_a_cancelled_caller_leaves_the_queue(scheduler: Scheduler, gate: Gate) -> None:
    caller = submit(scheduler, Priority.FINAL, "gone")
    await queued(scheduler, 1)
    caller.cancel()
    await asyncio.wait([caller])
    assert sum(scheduler.queue_depths().values()) == 0
    gate.leave.set()
    assert await submit(scheduler, Priority.FINAL, "next") == "next ran"
    assert scheduler.counts[Priority.FINAL, Outcome.RAN] == 2


async def test_a_cancelled_running_job_frees_its_worker_when_it_ends(scheduler: Scheduler) -> None:
    gate = Gate()
    caller = asyncio.create_task(scheduler.run(Priority.FINAL, "g", gate, deadline_s=LONG_S))
    await gate.entered.wait()
    caller.cancel()
    await asyncio.wait([caller])
    assert caller.cancelled()
    gate.leave.set()
    assert await submit(scheduler, Priority.FINAL, "next") == "next ran"


async def test_drop_tells_the_waiting(scheduler: Scheduler, gate: Gate) -> None:
    partial, final = (submit(scheduler, p, "x") for p in (Priority.PARTIAL, Priority.FIRST_CLAUSE))
    other = submit(scheduler, Priority.FINAL, "y")
    await queued(scheduler, 3)
    scheduler.drop("x")
    with pytest.raises(Superseded):
        await partial
    with pytest.raises(Closed, match="Nobody waits"):
        await final
    gate.leave.set()
    assert await other == "y ran"


async def test_close_fails_the_waiting_and_refuses_the_late(
    scheduler: Scheduler, gate: Gate
) -> None:
    waiting = submit(scheduler, Priority.FINAL, "waiting")
    await queued(scheduler, 1)
    closing = asyncio.create_task(scheduler.close())
    with pytest.raises(Closed):
        await waiting
    with pytest.raises(Closed):
        await submit(scheduler, Priority.FINAL, "late")
    gate.leave.set()
    await closing


async def test_workers_run_side_by_side() -> None:
    scheduler = Scheduler(2)
    barrier = threading.Barrier(2, timeout=LONG_S)
    places = await asyncio.gather(
        *(
            scheduler.run(Priority.PARTIAL, key, barrier.wait, deadline_s=LONG_S)
            for key in ("a", "b")
        )
    )
    assert sorted(places) == [0, 1]
    await scheduler.close()


def test_a_scheduler_needs_a_worker() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Scheduler(0)
