"""`--llm vllm:MODEL`, from the settings to an answer, with a vLLM that is none."""

import asyncio
import os
import select
import signal
from pathlib import Path

import aiohttp
import pytest

from models.errors import ModelError
from tests.support.chat_model import Watched, ask
from tests.support.server import ServerProcess
from tests.support.vllm_stand_in import install, runs
from voice_server.engines.chats import load_chat
from voice_server.engines.plans import Findings, plan_llm
from voice_server.settings import load

pytestmark = pytest.mark.socket

TIMEOUT_S = 20


async def test_a_model_is_served_and_warm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    install(tmp_path)
    settings = load(
        None,
        [
            "llm.engine=vllm:Qwen/Qwen3-8B",
            f"llm.vllm.environment={tmp_path}",
            "llm.vllm.gpu_memory=0.5",
            "llm.vllm.context_tokens=4096",
        ],
    ).llm
    watched = Watched()
    chat, notice = await load_chat(plan_llm(settings, Findings()), settings, watched, offline=True)
    assert (chat.name, notice) == ("vllm:Qwen/Qwen3-8B", "")
    assert watched.seen == [("warmed", None)]
    assert (await ask(chat))[0] == "Hello there."
    await chat.close()
    (run,) = runs(tmp_path)
    arguments, environment = run["arguments"], run["environment"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    assert arguments[arguments.index("--gpu-memory-utilization") + 1] == "0.5"
    assert arguments[arguments.index("--max-model-len") + 1] == "4096"
    assert environment["HF_HUB_OFFLINE"] == "1"


def test_it_ends_with_a_server_that_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    install(tmp_path)
    options = ("--llm", "vllm:tiny", "--set", f"llm.vllm.environment={tmp_path}")
    with ServerProcess(*options, "--asr", "scripted", "--tts", "scripted") as server:
        assert server.ready["llm"] == "vllm:tiny"
        (run,) = runs(tmp_path)
        watched = [pid_fd(run[who]) for who in ("pid", "engine")]
        server.stop(signal.SIGKILL)
        for process in watched:
            ended, _, _ = select.select([process], [], [], TIMEOUT_S)
            os.close(process)
            assert ended, "it has outlived its server"


async def test_it_is_missed_when_it_was_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    install(tmp_path)
    options = ["--llm", "vllm:tiny", "--set", f"llm.vllm.environment={tmp_path}"]
    options += ["--set", "llm.vllm.restarts_max=0"]
    with ServerProcess(*options, "--asr", "scripted", "--tts", "scripted") as server:
        assert await _ready(server) == (200, "ready")
        (run,) = runs(tmp_path)
        pid = run["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(TIMEOUT_S):
            while (answer := await _ready(server)) == (200, "ready"):
                pass
        assert answer == (503, "llm_down")


async def _ready(server: ServerProcess) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"{server.url}readyz") as response:
        return response.status, (await response.json())["status"]


def pid_fd(pid: object) -> int:
    """A descriptor that is readable once the process has ended."""
    assert isinstance(pid, int)
    return os.pidfd_open(pid)


async def test_what_is_no_model_is_told_before_anything_starts(tmp_path: Path) -> None:
    settings = load(None, [f"llm.engine=vllm:{tmp_path}"]).llm
    with pytest.raises(ModelError, match=r"needs config\.json"):
        await load_chat(plan_llm(settings, Findings()), settings, Watched())
