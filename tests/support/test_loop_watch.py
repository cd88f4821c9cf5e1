"""The watch on the event loop: fires on work, not on waiting."""

import asyncio
import gc
import time

import pytest

from tests.support.loop_watch import LoopBlocked, loop_watch

pytestmark = pytest.mark.engine  # not watched itself: one test here blocks its loop on purpose


def _work_for(cpu_s: float) -> None:
    until_s = time.thread_time() + cpu_s
    while time.thread_time() < until_s:
        pass


async def _work_in_loop() -> None:
    _work_for(0.03)


async def _work_in_thread() -> None:
    await asyncio.to_thread(_work_for, 0.03)


def test_work_on_the_loop_is_caught_and_named() -> None:
    with pytest.raises(LoopBlocked, match=r"blocked 1 times.*_work_in_loop"), loop_watch(20):
        asyncio.run(_work_in_loop())


def test_work_in_a_thread_is_allowed() -> None:
    with loop_watch(20):
        asyncio.run(_work_in_thread())


async def _collect_garbage() -> None:
    gc.collect()


def test_the_garbage_of_other_tests_is_not_held_against_this_one() -> None:
    garbage = [[number] for number in range(1_000_000)]
    with loop_watch(10):
        asyncio.run(_collect_garbage())
    assert len(garbage) == 1_000_000


def test_a_failing_test_keeps_its_own_error_and_the_loop_its_method() -> None:
    before = asyncio.Handle._run
    with pytest.raises(ZeroDivisionError), loop_watch():
        raise ZeroDivisionError
    assert asyncio.Handle._run is before
