"""Sentences in places that are shared: what comes of those that cannot be made."""

import asyncio
import threading

import pytest

from models.scheduler import Priority, Scheduler
from models.tts import SynthesisError
from models.tts.synthesis_queue import SynthesisQueue

pytestmark = pytest.mark.engine


async def test_what_a_step_returns_or_raises_is_what_comes_back() -> None:
    scheduler = Scheduler(1)
    queue = SynthesisQueue(scheduler)

    def fails() -> None:
        raise SynthesisError("no such voice")

    assert await queue.make(lambda: 7, urgent=True) == 7
    with pytest.raises(SynthesisError, match="no such voice"):
        await queue.make(fails, urgent=False)
    await scheduler.close()


async def test_a_sentence_that_waits_too_long_is_given_up() -> None:
    scheduler, begun, opened = Scheduler(1), threading.Event(), threading.Event()

    def work() -> bool:
        begun.set()
        return opened.wait(60)

    busy = asyncio.create_task(scheduler.run(Priority.FINAL, "k", work, deadline_s=60))
    await asyncio.to_thread(begun.wait, 60)
    with pytest.raises(SynthesisError, match="not done in time"):
        await SynthesisQueue(scheduler, deadline_s=0.01).make(lambda: 7, urgent=True)
    opened.set()
    assert await busy
    await scheduler.close()


async def test_after_the_end_nothing_is_made() -> None:
    scheduler = Scheduler(1)
    await scheduler.close()
    with pytest.raises(SynthesisError, match="shutting down"):
        await SynthesisQueue(scheduler).make(lambda: 7, urgent=False)
