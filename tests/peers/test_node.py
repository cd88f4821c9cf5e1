"""OpenAI's packages for Node.js: `openai` over https and wss, `@openai/agents` over ws."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from audio import Samples
from tests.support import node
from tests.support.server import ServerProcess
from tests.support.speech import say
from voice_server.bench.word_error import word_error, words_of

pytestmark = [pytest.mark.socket, node.may_install]

Understand = Callable[[Samples, int], Awaitable[str]]

PROGRAMS = Path(__file__).parent / "node"
RATE = 24_000
QUESTION = "Repeat, set an alarm for six o'clock."
ANSWER = "Set an alarm for six o'clock."


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The question as bare samples."""
    file = tmp_path_factory.mktemp("node") / "question.pcm"
    file.write_bytes(say(QUESTION, None, RATE).tobytes())
    return file


async def program(name: str, folder: Path, *arguments: str, **environment: str) -> dict[str, Any]:
    text = await asyncio.to_thread(
        node.run, PROGRAMS / f"{name}.mjs", folder, *arguments, **environment
    )
    result: dict[str, Any] = json.loads(text)
    return result


def sound(text: str) -> Samples:
    return np.frombuffer(base64.b64decode(text), "<i2")


async def test_openai_talks_over_wss(
    secure_server: ServerProcess,
    trusted: dict[str, str],
    node_packages: Path,
    question: Path,
    understand: Understand,
) -> None:
    base_url = f"https://127.0.0.1:{secure_server.port}/v1"
    seen = await program("openai_realtime", node_packages, base_url, str(question), **trusted)
    assert words_of(seen["transcript"]) == words_of(QUESTION)
    assert words_of(seen["reply"]) == words_of(ANSWER)
    told = await understand(sound(seen["audio"]), RATE)
    assert word_error(seen["reply"], told) <= 0.2


async def test_openai_speaks_listens_and_chats_over_https(
    secure_server: ServerProcess, trusted: dict[str, str], node_packages: Path
) -> None:
    base_url = f"https://127.0.0.1:{secure_server.port}/v1"
    seen = await program("openai_rest", node_packages, base_url, **trusted)
    assert words_of(seen["heard"]) == words_of("Turn on the kitchen light.")
    assert "four" in words_of(seen["chat"])
    assert "whisper-1" in seen["models"]


async def test_agents_call_tools_talk_and_are_interrupted(
    server: ServerProcess, node_packages: Path, question: Path, understand: Understand
) -> None:
    url = f"{server.url.replace('http', 'ws')}v1/realtime?model=local"
    seen = await program("agents_realtime", node_packages, url, str(question))
    assert (seen["invalid"], seen["errors"]) == ([], [])
    assert seen["tools"] == ["Ulm"]
    assert words_of(QUESTION) in [words_of(text) for text in seen["user"]]
    assert words_of(ANSWER) in [words_of(text) for text in seen["assistant"]]
    told = await understand(sound(seen["audio"]), RATE)
    assert word_error(ANSWER, told) <= 0.2
    assert seen["interrupted"] >= 1
    assert "conversation.item.truncated" in seen["types"]
