"""A real vLLM under our supervision: started, killed, started again, ended without a trace."""

import asyncio
import json
import os
import select
import signal
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatModel,
    ChatOptions,
    Message,
    ToolCallDelta,
)
from models.llm.vllm.chat import VllmChat
from models.llm.vllm.server import ServerState
from tests.support.chat_model import Watched, ask, pieces_of, text_of
from tests.vllm.conftest import ENVIRONMENT_VARIABLE, LAMP
from voice_server.engines.chats import load_chat
from voice_server.engines.plans import Findings, plan_llm
from voice_server.settings import LlmSettings

pytestmark = [pytest.mark.engine, pytest.mark.vllm, pytest.mark.timeout(300)]

ON_A_SMALL_CPU = (
    *("--dtype", "bfloat16", "--enforce-eager", "--block-size", "32"),
    *("--kv-cache-memory-bytes", "268435456", "--max-num-queued-reqs", "2"),
    *("--tool-strict-level", "parameter"),
    *("--distributed-executor-backend", "vllm.v1.executor.uniproc_executor.UniProcExecutor"),
)
"""Why each: `scripts/test-vllm`; the short queue makes it refuse under load."""

GONE_S = 20
HELLO = Message("user", "Hello.")
STORY = Message("user", "Tell me a long story.")


@pytest.fixture
async def chat() -> AsyncGenerator[VllmChat, None]:
    environment = os.environ[ENVIRONMENT_VARIABLE]
    settings = LlmSettings.model_validate(
        {
            "engine": f"vllm:./{environment}-model",
            "vllm": {
                "environment": environment,
                "context_tokens": 2048,
                "tool_parser": "hermes",
                "sequences_max": 2,
                "arguments": ON_A_SMALL_CPU,
                "health_interval_s": 0.5,
            },
        }
    )
    plan = plan_llm(settings, Findings())
    chat, _ = await load_chat(plan, settings, Watched(), offline=True)
    assert isinstance(chat, VllmChat)
    yield chat
    family = _family()
    assert len(family) >= 3, "guard, server, engine"
    await chat.close()
    for pid in family:
        assert await asyncio.to_thread(_is_gone, pid), f"{family[pid]} has outlived us"


def _is_gone(pid: int) -> bool:
    """Whether a process ends soon: what was killed last may still be giving back its memory."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    ended, _, _ = select.select([process], [], [], GONE_S)
    os.close(process)
    return bool(ended)


def _family() -> dict[int, str]:
    """The processes that were started below this one: what each calls itself."""
    parents: dict[int, int] = {}
    names: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            pid = int(folder.name)
            parents[pid] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            names[pid] = (folder / "cmdline").read_text()
    below = {os.getpid()}
    for _generation in range(5):
        below |= {pid for pid, parent in parents.items() if parent in below}
    return {pid: names[pid] for pid in below - {os.getpid()}}


def _engine() -> int:
    """The engine of vLLM, which is another process than its server."""
    (engine,) = (pid for pid, name in _family().items() if "EngineCore" in name)
    return engine


async def _outcome(chat: ChatModel) -> ChatFailure | None:
    try:
        await pieces_of(chat, ChatOptions(max_tokens=400), STORY)
    except ChatError as error:
        return error.failure
    return None


async def test_its_life(chat: VllmChat) -> None:
    pieces = await pieces_of(chat, ChatOptions(max_tokens=400, temperature=0.0), HELLO)
    assert text_of(pieces) == "Hello! How can I help you?"
    lamp = ChatOptions(max_tokens=100, temperature=0.0, tools=(LAMP,), tool_choice="required")
    calls = await pieces_of(chat, lamp, Message("user", "Turn on the lamp."))
    arguments = "".join(piece.arguments for piece in calls if isinstance(piece, ToolCallDelta))
    assert json.loads(arguments) == {"on": True}
    outcomes = await asyncio.gather(*(_outcome(chat) for _ in range(12)))
    assert None in outcomes
    assert ChatFailure.UNREACHABLE in outcomes, "refused within a stream that had status 200"
    engine = _engine()
    os.kill(engine, signal.SIGKILL)
    await chat.server.until(ServerState.STARTING)
    assert await chat.server.until(ServerState.READY, ServerState.FAILED) is ServerState.READY
    assert _engine() != engine
    assert (await ask(chat, ChatOptions(max_tokens=400)))[0]
