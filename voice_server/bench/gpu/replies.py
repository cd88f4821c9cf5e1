"""What a caller waits for the language model: first tokens, many at once, and the end of a stream.

Through our own supervised vLLM and our own client, as in the server.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from models.llm import ChatOptions, Completed, Message
from models.llm.http_chat import Endpoint
from models.llm.openai_chat import openai_chat
from models.llm.vllm.chat import VllmChat
from models.llm.vllm.command import VllmOptions
from models.llm.vllm.server import VllmServer
from voice_server.bench.figures import spread
from voice_server.bench.gpu.scale import Scale

_RUNNING = "vllm:num_requests_running"
_SENTENCES = "You answer in one short sentence. "
_REPLY = ChatOptions(max_tokens=64, temperature=1.0)
_ENDLESS = ChatOptions(max_tokens=1024, temperature=1.0)
_IDLE_S_MAX = 60.0
_NUMBERS = itertools.count(1)


@asynccontextmanager
async def voice_of_reason(executable: str, folder: Path, scale: Scale) -> AsyncIterator[VllmChat]:
    """A vLLM of our own with the dummy model. Raises `ModelError` where it does not start."""
    options = VllmOptions(
        str(folder),
        gpu_memory=scale.gpu_memory,
        context_tokens=4096,
        offline=True,
        arguments=scale.vllm_arguments,
    )
    server = await VllmServer.start(executable, options)
    endpoint = Endpoint(server.url, str(folder), api_key=server.api_key, label="vllm")
    chat = VllmChat(server, openai_chat(endpoint))
    try:
        yield chat
    finally:
        await chat.close()


async def measured_replies(chat: VllmChat, scale: Scale) -> dict[str, Any]:
    """First tokens with and without the prompt's beginning in the cache, many at once, and ends."""
    await _first_token_ms(chat, _prompt(scale, fresh=True))
    fresh = [await _first_token_ms(chat, _prompt(scale, fresh=True)) for _ in range(scale.replies)]
    await _first_token_ms(chat, _prompt(scale, fresh=False))
    cached = [
        await _first_token_ms(chat, _prompt(scale, fresh=False)) for _ in range(scale.replies)
    ]
    return {
        "prompt_tokens": scale.prompt_chars,
        "first_token_ms": _figures(fresh),
        "first_token_cached_ms": _figures(cached),
        "at_once": await at_once(chat, scale),
        "ended_after_ms": await _ended_after_ms(chat, scale),
    }


async def at_once(chat: VllmChat, scale: Scale) -> dict[str, Any]:
    """So many callers whose turns end in the same moment."""
    began = time.perf_counter()
    prompts = [_prompt(scale, fresh=False) for _ in range(scale.callers)]
    outcomes = await asyncio.gather(*(_whole(chat, prompt) for prompt in prompts))
    took_s = time.perf_counter() - began
    tokens = sum(tokens for _, tokens in outcomes)
    first = _figures([first_ms for first_ms, _ in outcomes])
    return {"callers": scale.callers, "first_token_ms": first, "tokens_per_s": tokens / took_s}


def _prompt(scale: Scale, *, fresh: bool) -> list[Message]:
    """The same beginning for all, or one that nobody had before; the question is always new."""
    number = next(_NUMBERS)
    rules = (_SENTENCES * (scale.prompt_chars // len(_SENTENCES) + 1))[: scale.prompt_chars]
    system = f"{number} {rules}" if fresh else rules
    return [Message("system", system), Message("user", f"What about {number}?")]


async def _first_token_ms(chat: VllmChat, prompt: list[Message]) -> float:
    return (await _whole(chat, prompt))[0]


async def _whole(chat: VllmChat, prompt: list[Message]) -> tuple[float, int]:
    """Milliseconds to the first piece of a reply, and its tokens."""
    began, first_ms, tokens = time.perf_counter(), 0.0, 0
    async with aclosing(chat.reply(prompt, _REPLY)) as pieces:
        async for piece in pieces:
            first_ms = first_ms or 1000 * (time.perf_counter() - began)
            if isinstance(piece, Completed):
                tokens = piece.completion_tokens or 0
    return first_ms, tokens


async def _ended_after_ms(chat: VllmChat, scale: Scale) -> float:
    """From our closing of a stream, as at a barge-in, to an engine that has nothing to do."""
    async with aclosing(chat.reply(_prompt(scale, fresh=False), _ENDLESS)) as pieces:
        await anext(pieces)
    began = time.perf_counter()
    url = chat.server.url.removesuffix("/v1") + "/metrics"
    async with asyncio.timeout(_IDLE_S_MAX), aiohttp.ClientSession() as session:
        while True:
            async with session.get(url) as response:
                lines = (await response.text()).splitlines()
            running = [line for line in lines if line.startswith(_RUNNING)]
            if not any(float(line.split()[-1]) for line in running):
                return 1000 * (time.perf_counter() - began)


def _figures(times_ms: list[float]) -> dict[str, float | None]:
    found = spread(times_ms)
    return {"median": found.median, "p95": found.p95}
