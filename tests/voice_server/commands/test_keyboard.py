"""Keys from a pseudo-terminal, lines from a pipe; the terminal is left as it was found."""

import asyncio
import io
import os
import sys
import termios

import pytest

from voice_server.commands.keyboard import keys, lines

pytestmark = pytest.mark.socket


async def test_keys_come_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        before = termios.tcgetattr(terminal)
        async with asyncio.timeout(10):
            with keys() as pressed:
                os.write(ours, b" q")
                assert [await pressed.get(), await pressed.get()] == [" ", "q"]
        assert termios.tcgetattr(terminal) == before
    os.close(ours)


async def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(" q"))
    with keys() as pressed:
        await asyncio.sleep(0)
        assert pressed.empty()


async def test_lines_come_to_the_end() -> None:
    async with asyncio.timeout(10):
        read = [line async for line in lines(io.StringIO("one\n\nthree"))]
    assert read == ["one", "", "three"]


async def test_nothing_is_read_ahead() -> None:
    """A second line that was read and not used would be lost to whoever reads next."""
    source = io.StringIO("one\ntwo\n")
    async with asyncio.timeout(10):
        async for line in lines(source):
            assert line == "one"
            break
    assert source.read() == "two\n"
