"""SIGTERM and SIGINT: how an operator, or a supervisor, asks the process to leave."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn, TypeVar

CLEANUP_S = 3.0
"""What is being loaded when SIGTERM comes has this long to put things away."""

T = TypeVar("T")


def stop_signals() -> tuple[asyncio.Event, asyncio.Event]:
    """Two events: SIGTERM or SIGINT sets the first, and when sent again the second."""
    stop, hurry = asyncio.Event(), asyncio.Event()

    def asked() -> None:
        if stop.is_set():
            hurry.set()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop, hurry


async def unless_terminated(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; on SIGTERM it is cancelled and the process ends with status 0."""
    terminated = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminated.set)
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(terminated.wait())
    try:
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if terminated.is_set() and not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=CLEANUP_S)
            _end_now()
        return await task
    finally:
        waiting.cancel()
        task.cancel()


def _end_now() -> NoReturn:
    """Nothing was served yet, and the interpreter would wait for threads that load models."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
