"""Runs downloads in threads that nobody has to wait for when the process ends."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from models.errors import ModelError

T = TypeVar("T")

_NAME = "fetch"


async def fetched(fetch: Callable[[], T]) -> T:
    """Call `fetch` in a daemon thread, and return what it returns. Raises its `ModelError`.

    An executor would not do: at the end of the process it waits for its threads.
    """
    done: Future[T] = Future()

    def work() -> None:
        done.set_running_or_notify_cancel()
        failure = ModelError("A download broke off; the traceback says where.")
        try:
            done.set_result(fetch())
        except ModelError as error:
            failure = error
        finally:
            if not done.done():
                done.set_exception(failure)

    threading.Thread(target=work, name=_NAME, daemon=True).start()
    return await asyncio.wrap_future(done)


def is_fetching() -> bool:
    """Whether a download goes on. The library behind it has threads that are waited for."""
    return any(thread.name == _NAME for thread in threading.enumerate())
