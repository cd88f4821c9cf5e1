"""A child process that cannot outlive us, and what it last said.

The child is the `guard`, which holds the command's process group. Its standard input is our promise
to be alive; its output is read line by line and the newest lines are kept.
"""

import asyncio
import re
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Self

from models.llm.vllm import guard

_LINES_MAX = 100
_LINE_BYTES_MAX = 4096
_READ_BYTES = 65_536
_LINE_END = re.compile(rb"[\r\n]+")
_GUARD_GRACE_S = 5.0
_LAST_WORDS_S = 1.0  # Somebody who left the group may hold the pipe for ever.


class GuardedProcess:
    """A running command. Make it with `start`, and always `stop` it."""

    def __init__(
        self, process: asyncio.subprocess.Process, grace_s: float, on_line: Callable[[str], None]
    ) -> None:
        self.lines: deque[str] = deque(maxlen=_LINES_MAX)
        """The newest lines of its output, oldest first."""
        self._process = process
        self._grace_s = grace_s
        self._on_line = on_line
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        grace_s: float = 10.0,
        on_line: Callable[[str], None],
    ) -> Self:
        """Run `command` with exactly this environment; `on_line` sees each line of its output.

        `grace_s` is the time, in seconds, between asking it to end and making it end.
        """
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", guard.__file__, str(grace_s), *command),
            env=environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        return cls(process, grace_s, on_line)

    async def wait(self) -> int:
        """Its exit status, when it has ended and its output was seen."""
        status = await self._process.wait()
        await asyncio.wait([self._reading], timeout=_LAST_WORDS_S)
        return status

    async def stop(self) -> None:
        """End its whole group, and return when it is gone. May be called again."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(self._grace_s + _GUARD_GRACE_S):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        await asyncio.wait([self._reading], timeout=_LAST_WORDS_S)
        self._reading.cancel()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        held = b""
        while part := await self._process.stdout.read(_READ_BYTES):
            *whole, held = _LINE_END.split(held + part)
            held = held[-_LINE_BYTES_MAX:]
            for line in whole:
                self._take(line)
        self._take(held)

    def _take(self, line: bytes) -> None:
        text = line[:_LINE_BYTES_MAX].decode(errors="replace").strip()
        if text:
            self.lines.append(text)
            self._on_line(text)
