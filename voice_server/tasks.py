"""Tasks that cannot die unnoticed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

logger = logging.getLogger(__name__)


def watched(
    coroutine: Coroutine[Any, Any, None], on_crash: Callable[[], None]
) -> asyncio.Task[None]:
    """Start a task; a failure it does not handle itself is logged, and `on_crash` is called.

    The exception's text is not logged, because it may quote what somebody said.
    """
    task = asyncio.create_task(coroutine)

    def finished(task: asyncio.Task[None]) -> None:
        if task.cancelled() or (error := task.exception()) is None:
            return
        cause = error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
        report("task failed", cause)
        on_crash()

    task.add_done_callback(finished)
    return task


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel a task and wait until it is gone, however it ends."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def report(what: str, error: BaseException) -> None:
    """Log a failure that nobody expected, by type and place only."""
    logger.error(what, extra={"error": type(error).__name__, "place": _innermost_place(error)})


def _innermost_place(error: BaseException) -> str:
    """`file:line` where the error was raised."""
    traceback = error.__traceback__
    place = "unknown"
    while traceback is not None:
        place = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
