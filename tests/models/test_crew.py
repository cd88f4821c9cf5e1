"""Threads that do batches: results in order, errors for those they belong to."""

import threading
from collections.abc import Sequence

import pytest

from models.crew import ThreadCrew

pytestmark = pytest.mark.engine


def doubled(numbers: Sequence[int]) -> list[int | Exception]:
    return [2 * n if n else ValueError("nothing to double") for n in numbers]


async def test_each_task_has_its_result_in_its_place() -> None:
    crew = ThreadCrew(doubled, 1, batch_max=8)
    one, two, three = await crew.work(0, [1, 0, 3], timeout_s=60)
    assert (one, three) == (2, 6)
    assert isinstance(two, ValueError)
    assert crew.batch_max == 8
    assert crew.fits(1, 2)
    await crew.mend(0)
    await crew.close()


async def test_a_function_that_fails_fails_every_task_of_its_call() -> None:
    def broken(_numbers: Sequence[int]) -> list[int | Exception]:
        raise ZeroDivisionError

    crew = ThreadCrew(broken, 1)
    results = await crew.work(0, [1, 2], timeout_s=60)
    assert [type(result) for result in results] == [ZeroDivisionError] * 2
    await crew.close()


async def test_work_is_done_in_a_thread() -> None:
    def where(tasks: Sequence[None]) -> list[str | Exception]:
        return [threading.current_thread().name for _ in tasks]

    crew = ThreadCrew(where, 1)
    (name,) = await crew.work(0, [None], timeout_s=60)
    assert str(name).startswith("model")
    await crew.close()
