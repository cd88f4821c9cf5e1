"""Our chat client and the real vLLM: what a scripted endpoint cannot prove."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import aiohttp
import msgspec
import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    Message,
    TextDelta,
    ToolCall,
    ToolCallDelta,
)
from models.llm.anthropic_chat import anthropic_chat
from models.llm.chat_endpoints import discover
from models.llm.http_chat import Endpoint, HttpChat
from models.llm.openai_chat import openai_chat
from tests.vllm.conftest import LAMP

pytestmark = [pytest.mark.engine, pytest.mark.vllm]

_ENDLESS = [Message("user", "Never stop talking.")]
_ENDLESS_TOKENS = 1800


@pytest.fixture
async def model(server_url: str) -> AsyncGenerator[HttpChat, None]:
    chat = openai_chat(Endpoint(server_url, label="vllm"))
    yield chat
    await chat.close()


async def _reply(model: HttpChat, *messages: Message) -> tuple[list[str], Completed]:
    options = ChatOptions(max_tokens=400, temperature=0.0)
    async with aclosing(model.reply(messages, options)) as values:
        received = [value async for value in values]
    completed = received.pop()
    assert isinstance(completed, Completed)
    return [value.text for value in received if isinstance(value, TextDelta)], completed


async def _metric(server_url: str, name: str) -> float:
    """The sum of one of vLLM's own counters or gauges over its labels."""
    async with aiohttp.ClientSession() as session, session.get(f"{server_url}/metrics") as response:
        lines = (await response.text()).splitlines()
    values = [float(line.split()[-1]) for line in lines if line.startswith(f"vllm:{name}{{")]
    assert values, f"vLLM has no metric {name}"
    return sum(values)


async def _until_idle(server_url: str) -> None:
    async with asyncio.timeout(30):
        while await _metric(server_url, "num_requests_running"):
            pass


async def test_a_sentence_streams_and_stops_by_itself(model: HttpChat) -> None:
    deltas, completed = await _reply(model, Message("user", "Hello."))
    assert "".join(deltas) == "Hello! How can I help you?"
    assert len(deltas) > 3
    assert completed.reason == "stop"
    assert completed.prompt_tokens
    assert completed.completion_tokens == pytest.approx(len(deltas), abs=2)
    assert model.name == "vllm:tiny"


async def test_max_tokens_is_kept(model: HttpChat) -> None:
    async with aclosing(model.reply(_ENDLESS, ChatOptions(max_tokens=20))) as values:
        received = [value async for value in values]
    completed = received[-1]
    assert isinstance(completed, Completed)
    assert (completed.reason, completed.completion_tokens) == ("length", 20)


async def test_closing_the_stream_ends_generation(model: HttpChat, server_url: str) -> None:
    before = await _metric(server_url, "generation_tokens_total")
    options = ChatOptions(max_tokens=_ENDLESS_TOKENS)
    async with aclosing(model.reply(_ENDLESS, options)) as values:
        for _ in range(5):
            await anext(values)
    await _until_idle(server_url)
    at_abort = await _metric(server_url, "generation_tokens_total")
    assert at_abort - before < _ENDLESS_TOKENS
    _, completed = await _reply(model, Message("user", "Hello."))
    after = await _metric(server_url, "generation_tokens_total")
    assert after - at_abort == completed.completion_tokens, "the aborted reply made no token more"


async def test_cancelling_the_task_ends_generation(model: HttpChat, server_url: str) -> None:
    before = await _metric(server_url, "generation_tokens_total")
    talking = asyncio.Event()

    async def talk() -> None:
        options = ChatOptions(max_tokens=_ENDLESS_TOKENS)
        async with aclosing(model.reply(_ENDLESS, options)) as values:
            async for _ in values:
                talking.set()

    task = asyncio.create_task(talk())
    await talking.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _until_idle(server_url)
    assert await _metric(server_url, "generation_tokens_total") - before < _ENDLESS_TOKENS


async def test_sixteen_replies_at_once(model: HttpChat) -> None:
    questions = [Message("user", "Tell me a long story.")] * 8 + [Message("user", "Hello.")] * 8
    replies = await asyncio.gather(*(_reply(model, question) for question in questions))
    texts = ["".join(deltas) for deltas, _ in replies]
    assert all(text.endswith((".", "!", "?")) for text in texts)
    assert all(completed.reason == "stop" for _, completed in replies)
    assert texts[8:] == ["Hello! How can I help you?"] * 8


async def test_the_second_turn_finds_the_first_in_the_cache(model: HttpChat) -> None:
    system = Message("system", "You are a voice assistant. Answer in one sentence. " * 4)
    first = [system, Message("user", "Tell me a long story.")]
    deltas, _ = await _reply(model, *first)
    told = Message("assistant", "".join(deltas))
    _, completed = await _reply(model, *first, told, Message("user", "Hello."))
    assert completed.cached_tokens
    assert completed.prompt_tokens
    assert completed.cached_tokens < completed.prompt_tokens


async def test_a_prompt_that_was_sent_ahead_is_found_in_the_cache(model: HttpChat) -> None:
    system = Message("system", "You guide ships through fog, and you never hurry. " * 6)
    partial = [system, Message("user", "Tell me a")]
    assert await model.warm(partial, ChatOptions(max_tokens=400))
    _, completed = await _reply(model, system, Message("user", "Tell me a long story."))
    assert completed.cached_tokens
    assert completed.prompt_tokens
    assert completed.cached_tokens / completed.prompt_tokens > 0.7


@pytest.mark.parametrize(
    ("question", "choice"),
    [
        ("Turn on the lamp.", "auto"),
        ("Turn on the lamp.", "required"),
        ("Turn on the lamp.", "lamp"),
        ("Hello.", "required"),
        ("Hello.", "lamp"),
    ],
)
async def test_a_tool_is_called(model: HttpChat, question: str, choice: str) -> None:
    """Where it has to be called, the grammar sees to it, whatever the model would have said."""
    options = ChatOptions(max_tokens=100, temperature=0.0, tools=(LAMP,), tool_choice=choice)
    async with aclosing(model.reply([Message("user", question)], options)) as values:
        *pieces, completed = [value async for value in values]
    calls = [piece for piece in pieces if isinstance(piece, ToolCallDelta)]
    assert {call.name for call in calls} == {"lamp"}
    assert len({call.id for call in calls}) == 1
    arguments = msgspec.json.decode("".join(call.arguments for call in calls), type=dict[str, bool])
    assert arguments == {"on": True}
    assert not "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)).strip()
    assert isinstance(completed, Completed)
    assert completed.reason == "tool_calls"


async def test_where_nothing_is_to_be_called_it_answers(model: HttpChat) -> None:
    options = ChatOptions(max_tokens=100, temperature=0.0, tools=(LAMP,))
    async with aclosing(model.reply([Message("user", "Hello.")], options)) as values:
        pieces = [value async for value in values]
    assert "".join(piece.text for piece in pieces if isinstance(piece, TextDelta)).startswith(
        "Hello!"
    )
    assert not any(isinstance(piece, ToolCallDelta) for piece in pieces)


async def test_tools_calls_and_results_are_accepted(model: HttpChat) -> None:
    broken = ToolCall("c1", "lamp", '{"on": tr')
    messages = [
        Message("user", "Hello."),
        Message("assistant", "", (broken,)),
        Message("tool", "Done.", tool_call_id="c1"),
        Message("user", "Hello."),
    ]
    options = ChatOptions(max_tokens=400, temperature=0.0, tools=(LAMP,))
    async with aclosing(model.reply(messages, options)) as values:
        *pieces, completed = [value async for value in values]
    assert all(isinstance(piece, TextDelta) for piece in pieces)
    assert isinstance(completed, Completed)


async def test_the_messages_api_says_the_same(server_url: str) -> None:
    chat = anthropic_chat(Endpoint(server_url, "tiny"))
    deltas, completed = await _reply(chat, Message("system", "Be kind."), Message("user", "Hello."))
    await chat.close()
    assert "".join(deltas) == "Hello! How can I help you?"
    assert len(deltas) > 3
    assert completed.reason == "stop"
    assert completed.prompt_tokens
    assert completed.completion_tokens


async def test_an_unknown_model_is_refused(server_url: str) -> None:
    chat = openai_chat(Endpoint(server_url, "no-such-model"))
    with pytest.raises(ChatError, match="answered 404") as caught:
        await _reply(chat, Message("user", "Hello."))
    await chat.close()
    assert caught.value.failure is ChatFailure.REFUSED


async def test_a_conversation_longer_than_the_context_is_refused(model: HttpChat) -> None:
    with pytest.raises(ChatError, match="the model's context") as caught:
        await _reply(model, Message("user", "word " * 5000))
    assert caught.value.failure is ChatFailure.REFUSED


async def test_discovery(server_url: str) -> None:
    assert await discover(server_url) == ["tiny"]
