"""Anthropic's API behind the same interface, against one that speaks it on loopback."""

import pytest

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    TextDelta,
    Tool,
    ToolCallDelta,
)
from models.llm.anthropic_chat import anthropic_chat
from models.llm.http_chat import Endpoint
from tests.support.chat_endpoint import Answer, Step, chat_endpoint, event
from tests.support.chat_model import SECRET, ask, failure_of, pieces_of

pytestmark = pytest.mark.socket


def _event(type: str, **fields: object) -> bytes:
    return f"event: {type}\n".encode() + event({"type": type, **fields})


def _delta(index: int, **delta: object) -> bytes:
    return _event("content_block_delta", index=index, delta=delta)


START = _event(
    "message_start",
    message={"usage": {"input_tokens": 3, "cache_read_input_tokens": 6, "output_tokens": 1}},
)
TEXT = [
    _event("content_block_start", index=0, content_block={"type": "text", "text": ""}),
    _event("ping"),
    _delta(0, type="text_delta", text="Hello"),
    _delta(0, type="text_delta", text=" there."),
    _event("content_block_stop", index=0),
]
CALL = [
    _event(
        "content_block_start",
        index=1,
        content_block={"type": "tool_use", "id": "t1", "name": "lamp", "input": {}},
    ),
    _delta(1, type="input_json_delta", partial_json='{"on":'),
    _delta(1, type="input_json_delta", partial_json="true}"),
    _event("content_block_stop", index=1),
]


def _end(reason: str) -> list[bytes]:
    usage = {"output_tokens": 7}
    return [
        _event("message_delta", delta={"stop_reason": reason}, usage=usage),
        _event("message_stop"),
    ]


async def test_a_reply() -> None:
    answer = Answer([START, *TEXT, *_end("end_turn"), Step.HANG])
    async with chat_endpoint(answer) as endpoint:
        model = anthropic_chat(Endpoint(endpoint.url, "claude", api_key="k-1", label="anthropic"))
        text, completed = await ask(model)
        await model.close()
    assert (text, model.name) == ("Hello there.", "anthropic:claude")
    assert completed == Completed("stop", 9, 7, 6)
    (asked,) = endpoint.asked
    assert asked.headers["x-api-key"] == "k-1"
    assert asked.headers["anthropic-version"] == "2023-06-01"
    assert asked.body["system"][0]["text"] == "Be brief."


async def test_a_tool_is_called() -> None:
    answer = Answer([START, *TEXT, *CALL, *_end("tool_use")])
    async with chat_endpoint(answer) as endpoint:
        model = anthropic_chat(Endpoint(endpoint.url, "claude"))
        pieces = await pieces_of(model, ChatOptions(tools=(Tool("lamp"),)))
        await model.close()
    assert pieces[2:] == [
        ToolCallDelta("t1", "lamp", ""),
        ToolCallDelta("t1", "lamp", '{"on":'),
        ToolCallDelta("t1", "lamp", "true}"),
        Completed("tool_calls", 9, 7, 6),
    ]
    assert pieces[0] == TextDelta("Hello")


async def test_an_overloaded_service_is_tried_again() -> None:
    error = _event("error", error={"type": "overloaded_error", "message": SECRET})
    answers = (Answer([START, error]), Answer([START, *TEXT, *_end("end_turn")]))
    async with chat_endpoint(*answers) as endpoint:
        model = anthropic_chat(Endpoint(endpoint.url, "claude"))
        assert (await ask(model))[0] == "Hello there."
        await model.close()


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (Answer([SECRET.encode()], 400), ChatFailure.REFUSED),
        (Answer(status=401), ChatFailure.REFUSED),
        (Answer([START, *TEXT]), ChatFailure.BROKEN),
        (Answer([b"data: [DONE]\n\n"]), ChatFailure.BROKEN),
    ],
)
async def test_failures(answer: Answer, failure: ChatFailure) -> None:
    async with chat_endpoint(answer) as endpoint:
        model = anthropic_chat(Endpoint(endpoint.url, "claude"))
        error, _ = await failure_of(model)
        await model.close()
    assert error.failure is failure


async def test_the_models_are_asked_with_the_key() -> None:
    async with chat_endpoint(models=Answer(status=401)) as endpoint:
        model = anthropic_chat(Endpoint(endpoint.url, "claude", api_key="k-1"))
        with pytest.raises(ChatError, match="does not take the configured API key"):
            await model.check()
        await model.close()
