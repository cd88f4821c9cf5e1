"""`--llm vllm:MODEL`: a vLLM that is started with us, warmed up, and ended with us."""

import asyncio
import logging

from models.llm import ChatOptions, Message
from models.llm.openai_chat import openai_chat
from models.llm.vllm.chat import VllmChat
from models.llm.vllm.command import VllmOptions
from models.llm.vllm.preflight import find_executable, find_model
from models.llm.vllm.server import ServerLimits, VllmServer
from models.llm.watcher import ChatWatcher
from voice_server.engines.chat_endpoint import endpoint_at
from voice_server.engines.plans import Plan
from voice_server.settings import LlmSettings

logger = logging.getLogger(__name__)


async def start_vllm(
    plan: Plan, settings: LlmSettings, watcher: ChatWatcher, *, offline: bool
) -> VllmChat:
    """A language model that is ready and warm. May take minutes. Raises `ModelError`."""
    own, model = settings.vllm, await asyncio.to_thread(find_model, plan.llm)
    name = f"vllm:{model}"
    server = await VllmServer.start(
        await asyncio.to_thread(find_executable, own.environment),
        VllmOptions(
            model,
            gpu_memory=own.gpu_memory,
            context_tokens=own.context_tokens,
            sequences_max=own.sequences_max,
            batch_tokens=own.batch_tokens,
            tool_parser=own.tool_parser,
            offline=offline,
            arguments=own.arguments,
        ),
        port=own.port,
        limits=ServerLimits(
            start_s=own.start_timeout_s,
            health_interval_s=own.health_interval_s,
            grace_s=own.stop_grace_s,
            restarts_max=own.restarts_max,
        ),
        on_restart=lambda: watcher.restarted(name),
    )
    endpoint = endpoint_at(server.url, model, server.api_key, "vllm", settings)
    chat = VllmChat(
        server, openai_chat(endpoint, disable_thinking=not own.thinking, watcher=watcher)
    )
    prompt = [Message("system", settings.system_prompt), Message("user", "Hello.")]
    if not await chat.warm(prompt, ChatOptions()):
        logger.info("%s was not warmed up: the first reply takes longer", name)
    return chat
