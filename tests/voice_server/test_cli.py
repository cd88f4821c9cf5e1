"""The command line: options become settings, mistakes become sentences and exit codes."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.support.hub import StandInHub, stand_in_hub
from tests.support.logging_state import logging_kept
from voice_server import __version__
from voice_server.cli import application
from voice_server.commands.explained import as_assignments
from voice_server.settings import assigned

pytestmark = pytest.mark.socket

COMMAND = (sys.executable, "-c", "from voice_server.cli import main; main()")
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def kept() -> Iterator[None]:
    with logging_kept():
        yield


def run(*words: str) -> Result:
    """One command in this process."""
    return CliRunner().invoke(application, words, env={"COLUMNS": "100", "NO_COLOR": "1"})


def process(*words: str) -> subprocess.CompletedProcess[str]:
    """One command as people run it."""
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_server_beyond_loopback_without_a_key_does_not_start() -> None:
    done = process("serve", "--host", "0.0.0.0", "--port", "0")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("voice-server: server.host is '0.0.0.0'")
    assert "voice-server token key" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_cannot_be_loaded_is_one_sentence() -> None:
    done = process("serve", "--offline", "--port", "0", "--asr", "/nowhere")
    assert done.returncode == 2
    (sentence,) = (line for line in done.stderr.splitlines() if line.startswith("voice-server:"))
    assert "/nowhere" in sentence
    assert "Traceback" not in done.stderr


async def test_ctrl_c_ends_a_download(tmp_path: Path) -> None:
    files = {"config.json": b"{}", "model.bin": b"weights" * 1000}
    async with stand_in_hub(StandInHub({"Systran/faster-whisper-tiny": files}, hold=True)) as hub:
        serving = await asyncio.create_subprocess_exec(
            *COMMAND,
            *("serve", "--port", "0", "--asr", "tiny", "--llm", "offline", "--tts", "scripted"),
            *("--set", f"models.cache_dir={tmp_path}"),
            cwd=ROOT,
            env={**os.environ, "HF_ENDPOINT": hub.url},
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(60):
            await hub.holding.wait()
            serving.send_signal(signal.SIGINT)
            _, log = await serving.communicate()
    assert serving.returncode == 130
    assert b"Traceback" not in log


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"{__version__}\n"


def test_help_names_every_command() -> None:
    shown = run("--help").stdout
    assert all(command in shown for command in ("serve", "transcribe", "doctor", "config"))


def test_help_of_serve_names_every_option() -> None:
    shown = run("serve", "--help").stdout
    options = ("--host", "--port", "--asr", "--llm", "--tts", "--offline", "--config", "--set")
    assert all(option in shown for option in options)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--set", "turn.silence=5"), "turn.silence: no such setting; did you mean 'silence_ms'?"),
        (("--set", "turn"), "'turn': write section.key=value"),
        (("--config", "/nowhere.toml"), "/nowhere.toml: no such settings file"),
    ],
)
def test_wrong_settings_are_one_sentence(words: tuple[str, ...], sentence: str) -> None:
    for command in ("serve", "doctor", "config"):
        done = run(command, *words)
        assert done.exit_code == 2
        assert f"voice-server: {sentence}" in done.stderr


def test_a_port_that_is_none_is_refused() -> None:
    done = run("serve", "--port", "99999")
    assert done.exit_code == 2
    assert "server.port" in done.stderr


def test_config_shows_what_the_command_line_sets() -> None:
    done = run("config", "--set", "turn.silence_ms=400")
    assert done.exit_code == 0
    assert "silence_ms = 400" in done.stdout
    assert "# command line" in done.stdout


def test_doctor_fails_when_something_is_missing() -> None:
    words = ("doctor", "--offline", "--set", "server.port=0", "--set", "llm.engine=offline")
    assert run(*words).exit_code == 0
    done = run(*words, "--json", "--set", "asr.engine=/nowhere")
    assert done.exit_code == 1
    assert '"there is no /nowhere"' in done.stdout


def test_a_recording_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "diary.wav").write_text("Dear diary")
    done = run("transcribe", str(tmp_path / "diary.wav"), "--asr", "scripted", "--offline")
    assert done.exit_code == 2
    assert "diary.wav is not a recording in a format that can be read." in done.stderr


def test_options_become_assignments_that_mean_the_same() -> None:
    options: dict[str, str | int | bool | None] = {
        "a.b": 'x "y" é 🎤 = \\',
        "a.c": 8080,
        "a.d": True,
        "a.e": None,
    }
    assert assigned(as_assignments(options)) == {"a": {"b": options["a.b"], "c": 8080, "d": True}}
