"""A child whose last words are kept, and that ends when it is told to."""

import asyncio
import os
import sys
from collections.abc import Callable

import pytest

from models.llm.vllm.process import GuardedProcess
from tests.models.llm.vllm.conftest import is_alive

pytestmark = pytest.mark.socket


async def _start(script: str, on_line: Callable[[str], None]) -> GuardedProcess:
    command = [sys.executable, "-c", script]
    return await GuardedProcess.start(command, os.environ, grace_s=5, on_line=on_line)


async def test_lines_end_in_any_way_and_the_newest_are_kept() -> None:
    lines: list[str] = []
    script = (
        "import sys; print('one\\rtwo\\r\\n\\n', end=''); print('x\\n' * 200 + 'y' * 9999, end='')"
    )
    process = await _start(script, lines.append)
    assert await process.wait() == 0
    await process.stop()
    assert lines[:2] == ["one", "two"]
    assert len(process.lines) == 100
    assert set(process.lines[-1]) == {"y"}
    assert len(process.lines[-1]) <= 4096


async def test_both_outputs_are_heard_and_the_status_told() -> None:
    lines: list[str] = []
    process = await _start("import sys; sys.exit('No.')", lines.append)
    assert await process.wait() == 1
    await process.stop()
    assert lines == ["No."]


async def test_stopping_ends_it_and_may_be_repeated() -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    script = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    process = await _start(script, said.put_nowait)
    pid = await said.get()
    assert is_alive(pid)
    await process.stop()
    await process.stop()
    assert not is_alive(pid)
