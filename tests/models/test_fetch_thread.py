"""Fetching in a thread: results and sentences come back, and the thread is seen while it works."""

import asyncio
import queue
import threading

import pytest

from models.errors import ModelError
from models.fetch_thread import fetched, is_fetching

pytestmark = pytest.mark.pure


async def test_the_result_comes_back() -> None:
    assert await fetched(lambda: 42) == 42


async def test_the_sentence_comes_back() -> None:
    def fetch() -> None:
        raise ModelError("The hub is closed.")

    with pytest.raises(ModelError, match="The hub is closed"):
        await fetched(fetch)


async def test_what_nobody_foresaw_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: queue.Queue[threading.ExceptHookArgs] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", seen.put)
    with pytest.raises(ModelError, match="traceback"):
        await fetched(lambda: 1 // 0)
    shown = await asyncio.to_thread(seen.get)
    assert shown.exc_type is ZeroDivisionError


async def test_a_download_is_seen_and_does_not_keep_the_process() -> None:
    goes_on, may_end = threading.Event(), threading.Event()

    def fetch() -> threading.Thread:
        goes_on.set()
        may_end.wait()
        return threading.current_thread()

    task = asyncio.create_task(fetched(fetch))
    await asyncio.to_thread(goes_on.wait)
    assert is_fetching()
    may_end.set()
    thread = await task
    assert thread.daemon
    await asyncio.to_thread(thread.join)
    assert not is_fetching()


async def test_a_download_may_be_given_up() -> None:
    goes_on, may_end = threading.Event(), threading.Event()
    ended: list[threading.Thread] = []

    def fetch() -> None:
        ended.append(threading.current_thread())
        goes_on.set()
        may_end.wait()

    task = asyncio.create_task(fetched(fetch))
    await asyncio.to_thread(goes_on.wait)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    may_end.set()
    await asyncio.to_thread(ended[0].join)
