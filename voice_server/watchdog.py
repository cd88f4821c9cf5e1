"""Notices when the event loop stands still, from a thread of its own, and says where.

While the loop is blocked nobody hears anything, and nothing on the loop can tell. The log gets the
places in the code, never values.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger(__name__)

PLACES_MAX = 6
"""Innermost calls that are named."""


class Watchdog:
    """Asks the loop for a sign of life, again and again; see `watched_loop`."""

    def __init__(self, stall_s: float, on_stall: Callable[[], None]) -> None:
        """`on_stall` is called on the thread of the watchdog."""
        self._stall_s = stall_s
        self._on_stall = on_stall
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._alive = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching."""
        self._over.set()
        self._alive.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._stall_s):
            self._alive.clear()
            asked_s = time.monotonic()
            self._loop.call_soon_threadsafe(self._alive.set)
            if not self._alive.wait(self._stall_s):
                self._report(asked_s)

    def _report(self, asked_s: float) -> None:
        frame = sys._current_frames().get(self._loop_thread)
        where = places(frame) if frame else "unknown"
        self._on_stall()
        self._alive.wait()
        stall_ms = round(1000 * (time.monotonic() - asked_s))
        logger.warning("the event loop stood still", extra={"ms": stall_ms, "place": where})


def places(frame: FrameType) -> str:
    """The innermost calls, the innermost first: `file.py:12 in function < …`."""
    stack = traceback.extract_stack(frame)[-PLACES_MAX:]
    return " < ".join(f"{call.filename}:{call.lineno} in {call.name}" for call in reversed(stack))


@contextmanager
def watched_loop(stall_s: float, on_stall: Callable[[], None]) -> Iterator[None]:
    """Watch the running loop for the length of the context."""
    watchdog = Watchdog(stall_s, on_stall)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.stop()
