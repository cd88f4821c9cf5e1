"""The clock of the stories: jumps, keeps order, and says when nothing can happen any more."""

import asyncio
import threading
import time

import pytest

from voice_server.bench.virtual_time import Deadlock, run_virtual

pytestmark = pytest.mark.story


async def _loop_time_after(seconds: float) -> float:
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


def test_an_hour_of_sleep_leaves_the_wall_clock_alone() -> None:
    assert run_virtual(_loop_time_after(3600)) == 3600


def test_days_pass_beyond_the_longest_select() -> None:
    assert run_virtual(_loop_time_after(10 * 86_400)) == pytest.approx(10 * 86_400)


def test_timers_fire_in_order_whatever_the_order_they_were_set_in() -> None:
    async def story() -> list[float]:
        fired: list[float] = []
        loop = asyncio.get_running_loop()
        for delay_s in (30.0, 0.5, 7.0, 0.5):
            loop.call_later(delay_s, fired.append, delay_s)
        await asyncio.sleep(30)
        return fired

    assert run_virtual(story()) == [0.5, 0.5, 7.0, 30.0]


def test_a_timeout_counts_virtual_seconds() -> None:
    async def story() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(90):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(story()) == 90


def test_a_foreign_thread_may_call_in() -> None:
    async def story() -> float:
        rung = asyncio.Event()
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(rung.set,))
        thread.start()
        await rung.wait()
        thread.join()
        return loop.time()

    assert run_virtual(story()) == 0


def test_the_clock_stands_still_while_a_thread_works() -> None:
    async def story() -> float:
        release = threading.Event()
        loop = asyncio.get_running_loop()
        alarm = loop.call_later(3600, pytest.fail, "the clock jumped over a thread's job")
        job = asyncio.create_task(asyncio.to_thread(release.wait, 10))
        loop.call_soon(release.set)
        assert await job
        alarm.cancel()
        return loop.time()

    assert run_virtual(story()) == 0


def test_waiting_for_nothing_is_named() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock, match="deadlock: nothing left to wait for"):
        run_virtual(story())


def test_virtual_time_never_reads_the_wall_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: pytest.fail("the loop read the real clock"))
    assert run_virtual(_loop_time_after(5)) == 5
