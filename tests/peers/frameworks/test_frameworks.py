"""Pipecat and LiveKit, unchanged, against the running server: a tool, and a question by voice."""

import asyncio
import base64
import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio import Samples
from tests.peers.frameworks.conftest import ENVIRONMENT_VARIABLE
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error, words_of

pytestmark = [pytest.mark.socket, pytest.mark.frameworks]

Understand = Callable[[Samples, int], Awaitable[str]]

PROGRAMS = Path(__file__).parent / "programs"
RATE = 24_000
QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """The question as bare samples."""
    file = tmp_path / "question.pcm"
    file.write_bytes(say(QUESTION, None, RATE).tobytes())
    return file


async def run(program: str, address: str, question: Path) -> dict[str, Any]:
    python = Path(os.environ[ENVIRONMENT_VARIABLE]) / "bin" / "python"
    command = [str(python), str(PROGRAMS / program), address, str(question)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    return seen


async def check_question(seen: dict[str, Any], understand: Understand) -> None:
    """The question was understood, and the answer can be."""
    assert seen["errors"] == []
    assert [words_of(text) for text in seen["heard"]] == [words_of(QUESTION)]
    told = await understand(np.frombuffer(base64.b64decode(seen["audio"]), "<i2"), RATE)
    assert word_error(ANSWER, told) <= 0.2


async def test_pipecat(server: ServerProcess, question: Path, understand: Understand) -> None:
    url = f"ws://127.0.0.1:{server.port}/v1/realtime"
    seen = await run("pipecat_realtime.py", url, question)
    assert seen["tools"] == ["Ulm"]
    assert "rain" in words_of(seen["first"])
    assert words_of(seen["said"]) == words_of(ANSWER)
    await check_question(seen, understand)


async def test_livekit(server: ServerProcess, question: Path, understand: Understand) -> None:
    seen = await run("livekit_realtime.py", f"http://127.0.0.1:{server.port}/v1", question)
    assert seen["tools"] == ["Ulm"]
    about_the_weather, repeated = seen["said"]
    assert "rain" in words_of(about_the_weather)
    assert words_of(repeated) == words_of(ANSWER)
    await check_question(seen, understand)
