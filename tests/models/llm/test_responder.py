"""The offline responder streams like a language model: in virtual time, at its own pace."""

import asyncio
from contextlib import aclosing
from datetime import datetime

import pytest

from models.llm import (
    ChatModel,
    ChatOptions,
    Completed,
    Message,
    ReplyPiece,
    TextDelta,
    Tool,
    ToolCall,
    ToolCallDelta,
)
from models.llm.responder import OfflineResponder, local_now
from models.llm.small_talk import MARKDOWN, story
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story


async def _reply(model: ChatModel, text: str, max_tokens: int = 512) -> list[ReplyPiece]:
    options = ChatOptions(max_tokens=max_tokens)
    async with aclosing(model.reply([Message("user", text)], options)) as values:
        return [value async for value in values]


def _text(values: list[ReplyPiece]) -> str:
    return "".join(value.text for value in values if isinstance(value, TextDelta))


def test_words_arrive_one_by_one_with_the_space_before() -> None:
    values = run_virtual(_reply(OfflineResponder(), "what is two plus two"))
    assert values == [
        *map(TextDelta, ["Two", " plus", " two", " is", " four."]),
        Completed("stop", completion_tokens=5),
    ]


@pytest.mark.parametrize(("text", "wanted"), [("story", story()), ("markdown", MARKDOWN)])
def test_nothing_is_lost_between_the_tokens(text: str, wanted: str) -> None:
    values = run_virtual(_reply(OfflineResponder(), text))
    assert _text(values) == wanted
    assert values[-1] == Completed("stop", completion_tokens=len(values) - 1)


def test_silence_is_a_reply_without_text() -> None:
    values = run_virtual(_reply(OfflineResponder(), "say nothing"))
    assert values == [Completed("stop", completion_tokens=0)]


def test_max_tokens_ends_a_reply() -> None:
    values = run_virtual(_reply(OfflineResponder(), "tell me a story", max_tokens=4))
    assert _text(values) == "Once upon a time,"
    assert values[-1] == Completed("length", completion_tokens=4)


def test_the_rate_is_the_one_asked_for() -> None:
    async def seconds() -> float:
        await _reply(OfflineResponder(tokens_per_s=10), "what is two plus two")
        return asyncio.get_running_loop().time()

    assert run_virtual(seconds()) == pytest.approx(0.5)


def test_a_reply_can_be_left_in_the_middle() -> None:
    async def story_cut_short() -> str:
        model, heard = OfflineResponder(), ""
        options = ChatOptions()
        async with aclosing(model.reply([Message("user", "story")], options)) as values:
            async for value in values:
                assert isinstance(value, TextDelta)
                heard += value.text
                if heard.endswith("lighthouse"):
                    break
        return heard

    assert run_virtual(story_cut_short()).endswith("there stood a lighthouse")


def test_a_tool_is_called_by_name_and_its_result_is_spoken() -> None:
    async def conversation() -> tuple[list[ReplyPiece], list[ReplyPiece]]:
        model, asked = OfflineResponder(), Message("user", "Call get weather for Paris.")
        tool = Tool("get_weather", parameters={"properties": {"city": {"type": "string"}}})
        options = ChatOptions(tools=(tool,))
        async with aclosing(model.reply([asked], options)) as values:
            called = [value async for value in values]
        assert isinstance(called[0], ToolCallDelta)
        call = ToolCall(called[0].id, called[0].name, called[0].arguments)
        result = Message("tool", '{"sky": "clear"}', tool_call_id=call.id)
        messages = [asked, Message("assistant", "", (call,)), result]
        async with aclosing(model.reply(messages, options)) as values:
            return called, [value async for value in values]

    called, told = run_virtual(conversation())
    assert called[1:] == [Completed("tool_calls", completion_tokens=1)]
    assert isinstance(called[0], ToolCallDelta)
    assert (called[0].name, called[0].arguments) == ("get_weather", '{"city":"Paris"}')
    assert _text(told) == "Get weather says: sky is clear."


def test_the_clock_can_be_given() -> None:
    model = OfflineResponder(clock=lambda: datetime(2026, 11, 21, 9, 0))
    values = run_virtual(_reply(model, "what time is it"))
    assert _text(values) == "It is nine o'clock in the morning."


def test_the_clock_is_the_local_one_by_default() -> None:
    assert local_now().utcoffset() is not None


@pytest.mark.parametrize("tokens_per_s", [0, -1])
def test_a_rate_that_cannot_be_is_refused(tokens_per_s: float) -> None:
    with pytest.raises(ValueError, match="has to be above 0"):
        OfflineResponder(tokens_per_s=tokens_per_s)
