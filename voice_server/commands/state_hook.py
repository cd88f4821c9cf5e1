"""A command that is called whenever the state of a kiosk changes: a lamp, a relay, a fan.

It gets the state as its last argument and as `KIOSK_STATE`, the one before as `KIOSK_STATE_BEFORE`.
One call runs at a time, and not for long; what changes meanwhile is told afterwards, the newest
state only. Nothing waits for it but the end of the program, and a command that fails is a line in
the log.
"""

import asyncio
import logging
import os
import shlex
import shutil
import signal
from contextlib import suppress
from types import TracebackType
from typing import Self

from voice_server.commands.explained import UsageError
from voice_server.commands.kiosk_states import STOPPED

CALL_S_MAX = 5.0

_log = logging.getLogger(__name__)


def words_of_command(command: str) -> list[str]:
    """Program and arguments, as a shell would split them. Raises `UsageError`."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--on-state {command!r} cannot be read: {error}.") from None
    if not words or shutil.which(words[0]) is None:
        raise UsageError(f"--on-state {command!r}: there is no such command.")
    return words


class StateHook:
    """Runs the command while entered; leaving tells it `stopped`. Without words it does nothing."""

    def __init__(self, words: list[str], call_s_max: float = CALL_S_MAX) -> None:
        self._words = words
        self._call_s_max = call_s_max
        self._wanted = ""
        self._told = ""
        self._news = asyncio.Event()
        self._complaint = ""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.tell(STOPPED)
        await self._task

    def tell(self, state: str) -> None:
        """Call the command soon, if this is another state than before."""
        self._wanted = state
        self._news.set()

    async def _run(self) -> None:
        while self._told != STOPPED:
            await self._news.wait()
            self._news.clear()
            before, state = self._told, self._wanted
            if state != before:
                self._told = state
                self._complain(await self._call(state, before) if self._words else "")

    def _complain(self, complaint: str) -> None:
        """Once, until it works or fails in another way: a log is no lamp."""
        if complaint and complaint != self._complaint:
            _log.warning("on-state: %s %s", self._words[0], complaint)
        self._complaint = complaint

    async def _call(self, state: str, before: str) -> str:
        """Run the command; what went wrong, if anything did."""
        environment = {**os.environ, "KIOSK_STATE": state, "KIOSK_STATE_BEFORE": before}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._words,
                state,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # so that what it has started ends with it
            )
        except OSError as error:
            return f"cannot be run: {error.strerror}"
        return await self._ended(process)

    async def _ended(self, process: asyncio.subprocess.Process) -> str:
        try:
            async with asyncio.timeout(self._call_s_max):
                status = await process.wait()
        except TimeoutError:
            return f"took longer than {self._call_s_max:g} s and was ended"
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        return f"failed with exit status {status}" if status else ""
