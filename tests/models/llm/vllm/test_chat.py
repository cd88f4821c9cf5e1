"""The language model of a vLLM of our own: answers, and says so when it cannot."""

from collections.abc import AsyncGenerator

import aiohttp
import pytest

from models.llm import ChatFailure, ChatOptions, PrefixWarmer
from models.llm.health import ChatHealth
from models.llm.http_chat import Endpoint
from models.llm.openai_chat import openai_chat
from models.llm.vllm.chat import VllmChat
from models.llm.vllm.command import VllmOptions
from models.llm.vllm.server import ServerLimits, ServerState, VllmServer
from tests.support.chat_model import QUESTION, ask, failure_of

pytestmark = pytest.mark.socket


@pytest.fixture
async def server(executable: str) -> AsyncGenerator[VllmServer, None]:
    limits = ServerLimits(start_s=30, health_interval_s=0.05, grace_s=5, pause_s=600)
    server = await VllmServer.start(executable, VllmOptions("tiny"), limits=limits)
    yield server
    await server.close()


async def test_it_answers_until_it_ends(server: VllmServer) -> None:
    endpoint = Endpoint(server.url, "tiny", api_key=server.api_key, label="vllm")
    chat = VllmChat(server, openai_chat(endpoint))
    assert chat.name == "vllm:tiny"
    assert (await ask(chat))[0] == "Hello there."
    assert chat.healths == [("vllm:tiny", ChatHealth.READY)]
    assert isinstance(chat, PrefixWarmer)
    assert await chat.warm(QUESTION, ChatOptions())
    await _kill(server)
    await server.until(ServerState.STARTING)
    error, _ = await failure_of(chat)
    assert error.failure is ChatFailure.UNREACHABLE
    assert "is being started again" in str(error)
    assert chat.healths == [("vllm:tiny", ChatHealth.STARTING)]
    assert not await chat.warm(QUESTION, ChatOptions())
    await chat.close()
    assert chat.healths == [("vllm:tiny", ChatHealth.FAILED)]
    assert "shutting down" in str((await failure_of(chat))[0])


async def _kill(server: VllmServer) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.post(server.url.removesuffix("/v1") + "/die")
