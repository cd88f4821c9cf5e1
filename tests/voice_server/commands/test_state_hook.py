"""The command behind a lamp: told of every change, and never waited for. Real processes."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.support.named_pipe import named_pipe
from voice_server.commands.explained import UsageError
from voice_server.commands.state_hook import StateHook, words_of_command

pytestmark = pytest.mark.socket


def shell(script: str) -> list[str]:
    """A command that gets the state as `$1`."""
    return ["bash", "-c", script, "hook"]


async def test_every_state_reaches_the_command(tmp_path: Path) -> None:
    async with named_pipe(tmp_path / "log") as log:
        hook = shell(f'echo "$1 $KIOSK_STATE $KIOSK_STATE_BEFORE" > {log.path}')
        async with StateHook(hook) as lamp:
            lamp.tell("listening")
            assert await log.line() == "listening listening "
            lamp.tell("listening")
            lamp.tell("hearing")
            assert await log.line() == "hearing hearing listening"
        assert await log.line() == "stopped stopped hearing"


async def test_of_what_changes_during_a_call_only_the_newest_is_told(tmp_path: Path) -> None:
    go_on = tmp_path / "go_on"
    os.mkfifo(go_on)
    async with named_pipe(tmp_path / "log") as log:
        hook = shell(f"echo $1 > {log.path}; [ $1 != listening ] || read < {go_on}")
        async with StateHook(hook) as lamp:
            lamp.tell("listening")
            assert await log.line() == "listening"
            for state in ("hearing", "thinking", "speaking"):
                lamp.tell(state)
            await asyncio.to_thread(go_on.write_text, "go on\n")
            assert await log.line() == "speaking"
        assert await log.line() == "stopped"


async def test_a_command_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with named_pipe(tmp_path / "alive", kept_open=False) as alive:
        hook = shell(f"sleep 600 > {alive.path} & wait")
        async with StateHook(hook, call_s_max=0.5) as lamp:
            lamp.tell("listening")
        await alive.closed()
    assert "took longer than 0.5 s and was ended" in caplog.text


async def test_a_command_that_fails_is_a_line_in_the_log_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log"
    hook = StateHook(shell(f"echo $1 > {path}; exit 3"))
    async with named_pipe(path) as log, hook as lamp:
        for state in ("listening", "hearing", "thinking"):
            lamp.tell(state)
            assert await log.line() == state
    assert caplog.text.count("failed with exit status 3") == 1


async def test_a_command_that_has_gone_is_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with StateHook(["/nowhere/lamp"]):
        pass
    assert "/nowhere/lamp cannot be run: No such file or directory" in caplog.text


async def test_without_a_command_nothing_is_run() -> None:
    async with StateHook([]) as lamp:
        lamp.tell("listening")


def test_commands_are_split_as_a_shell_does() -> None:
    assert words_of_command("env 'a b' c") == ["env", "a b", "c"]
    for wrong in ("", "no-such-lamp on", "'lamp"):
        with pytest.raises(UsageError):
            words_of_command(wrong)
