"""A task that fails is noticed, and what it was about stays private."""

import asyncio
import logging

import pytest

from voice_server.tasks import watched

pytestmark = pytest.mark.pure


class Crashes:
    """Counts them, and says when one has come."""

    def __init__(self) -> None:
        self.count = 0
        self.come = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self.come.set()


async def _fail(error: BaseException) -> None:
    raise error


async def _failed(error: BaseException) -> Crashes:
    crashes = Crashes()
    task = watched(_fail(error), crashes)
    await asyncio.wait({task})
    await crashes.come.wait()
    return crashes


async def test_a_crash_is_told_once_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    crashes = await _failed(ValueError("she said: secret"))
    assert crashes.count == 1
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "task failed")
    details = vars(record)
    assert details["error"] == "ValueError"
    assert details["place"].startswith(f"{__file__}:")
    assert record.exc_info is None
    assert "secret" not in repr(details)


async def test_of_a_group_the_cause_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    await _failed(ExceptionGroup("two", [KeyError("secret"), ValueError()]))
    (record,) = caplog.records
    assert vars(record)["error"] == "KeyError"
    assert "secret" not in repr(vars(record))


async def test_a_task_that_ends_well_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    crashes = Crashes()
    await watched(asyncio.sleep(0), crashes)
    await asyncio.sleep(0)
    assert (crashes.count, caplog.records) == (0, [])


async def test_a_cancelled_task_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    crashes = Crashes()
    task = watched(asyncio.Event().wait(), crashes)  # type: ignore[arg-type]
    task.cancel()
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert (crashes.count, caplog.records) == (0, [])
