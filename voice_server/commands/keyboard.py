"""Single keys and whole lines from the terminal, without blocking the event loop."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

KEYS_WAITING_MAX = 64


@contextmanager
def keys() -> Iterator[asyncio.Queue[str]]:
    """Keys as they are pressed; none ever where there is no terminal. Restores the terminal."""
    pressed: asyncio.Queue[str] = asyncio.Queue(KEYS_WAITING_MAX)
    if not sys.stdin.isatty():
        yield pressed
        return
    import termios  # noqa: PLC0415 - not on Windows, where a console is no such terminal
    import tty  # noqa: PLC0415

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    loop = asyncio.get_running_loop()

    def read() -> None:
        for key in os.read(terminal, KEYS_WAITING_MAX).decode(errors="ignore"):
            with suppress(asyncio.QueueFull):
                pressed.put_nowait(key)

    tty.setcbreak(terminal)
    loop.add_reader(terminal, read)
    try:
        yield pressed
    finally:
        loop.remove_reader(terminal)
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


async def lines(source: TextIO) -> AsyncIterator[str]:
    """Lines of a file, a pipe or a terminal, without the newline, to its end.

    The reading thread takes the next line only when the last was wanted. It is a daemon: a terminal
    where nobody types would keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    read: asyncio.Queue[str] = asyncio.Queue()
    wanted = threading.Semaphore(0)

    def reading() -> None:
        line = "begin"
        while line:
            wanted.acquire()
            line = source.readline()
            with suppress(RuntimeError):  # the loop is gone, and with it whoever wanted a line
                loop.call_soon_threadsafe(read.put_nowait, line)

    threading.Thread(target=reading, name="lines", daemon=True).start()
    while True:
        wanted.release()
        line = await read.get()
        if not line:
            return
        yield line.rstrip("\n")
