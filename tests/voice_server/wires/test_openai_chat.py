"""Chat requests and answers, checked with the types of OpenAI's own client."""

import json

import pytest
from openai.types.chat import (
    ChatCompletion,
    ChatCompletionChunk,
    ChatCompletionMessageFunctionToolCall,
)

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    Message,
    Tool,
    ToolCall,
    ToolCallDelta,
)
from models.llm.sse import EventStream
from voice_server.wires.openai_chat import ChatRequest, Completion, failure, parse
from voice_server.wires.openai_errors import ApiError

pytestmark = pytest.mark.pure

USER = {"role": "user", "content": "Hello."}
COMPLETION = Completion("chatcmpl-1", 1_700_000_000, "tiny")


def asked(**fields: object) -> ChatRequest:
    return parse(json.dumps({"messages": [USER], **fields}).encode(), tokens_max=100)


def test_only_messages_are_required() -> None:
    assert asked() == ChatRequest((Message("user", "Hello."),), ChatOptions(max_tokens=100))


def test_roles_and_parts() -> None:
    messages = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "He"}, {"type": "text", "text": "y"}],
        },
        {"role": "assistant", "content": None, "refusal": None},
    ]
    assert asked(messages=messages).messages == (
        Message("system", "Be brief."),
        Message("user", "Hey"),
        Message("assistant", ""),
    )


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({}, 100),
        ({"max_tokens": 7}, 7),
        ({"max_tokens": 7, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 1_000_000}, 100),
    ],
)
def test_our_own_limit_holds(fields: dict[str, object], tokens: int) -> None:
    assert asked(**fields).options.max_tokens == tokens


def test_what_only_nudges_is_ignored() -> None:
    fields = {"top_p": 0.5, "seed": 3, "user": "me", "n": 1, "tools": [], "stop": None}
    assert asked(**fields) == asked()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("functions", [{}]),
        ("n", 2),
        ("stop", ["."]),
        ("logprobs", True),
        ("modalities", ["text", "audio"]),
        ("response_format", {"type": "json_schema"}),
    ],
)
def test_what_cannot_be_relayed_is_refused(field: str, value: object) -> None:
    with pytest.raises(ApiError, match=f"{field} cannot be relayed") as caught:
        asked(**{field: value})
    assert (caught.value.param, caught.value.code) == (field, "unsupported_parameter")


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "Hello."}, "messages"),
        ({"messages": [{"content": "Hello."}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "function", "content": "4"}]}, "messages[1].role"),
        ({"messages": [USER, {"role": "tool", "content": "4"}]}, "messages[1].tool_call_id"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content",
        ),
        ({"max_tokens": -1}, "max_tokens"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, object], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        asked(**fields)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_the_whole_answer() -> None:
    answer = COMPLETION.whole("Good day.", Completed("length", 9, 3))
    completion = ChatCompletion.model_validate(answer)
    assert completion.choices[0].message.content == "Good day."
    assert completion.choices[0].finish_reason == "length"
    assert completion.usage is not None
    assert completion.usage.total_tokens == 12


def test_tools_and_what_became_of_them() -> None:
    function = {"name": "clock", "description": "Time.", "parameters": {"type": "object"}}
    call = {"id": "c1", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
    request = asked(
        messages=[
            USER,
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "Noon."},
        ],
        tools=[{"type": "function", "function": function}],
        tool_choice={"type": "function", "function": {"name": "clock"}},
        parallel_tool_calls=False,
    )
    assert request.messages[1:] == (
        Message("assistant", "", (ToolCall("c1", "clock", "{}"),)),
        Message("tool", "Noon.", tool_call_id="c1"),
    )
    assert request.options.tools == (Tool("clock", "Time.", {"type": "object"}),)
    assert request.options.tool_choice == "clock"
    assert request.one_call


def test_whole_calls() -> None:
    answer = COMPLETION.whole("", Completed("tool_calls"), [ToolCall("c1", "clock", "{}")])
    choice = ChatCompletion.model_validate(answer).choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls
    (call,) = choice.message.tool_calls
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    assert (call.id, call.function.name, call.function.arguments) == ("c1", "clock", "{}")


def test_calls_in_chunks_are_named_once() -> None:
    stream = COMPLETION.call_delta(
        2, ToolCallDelta("c1", "clock", '{"a'), first=True
    ) + COMPLETION.call_delta(2, ToolCallDelta("c1", "clock", '":1}'), first=False)
    chunks = [ChatCompletionChunk.model_validate_json(data) for data in EventStream().feed(stream)]
    first, second = (call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ())
    assert (first.index, first.id, first.type) == (2, "c1", "function")
    assert first.function is not None
    assert first.function.name == "clock"
    assert (second.index, second.id) == (2, None)
    assert second.function is not None
    assert (second.function.name, second.function.arguments) == (None, '":1}')


@pytest.mark.parametrize("usage", [True, False])
def test_the_answer_in_chunks(usage: bool) -> None:
    stream = (
        COMPLETION.opening()
        + COMPLETION.delta("Good")
        + COMPLETION.delta(" day.")
        + COMPLETION.closing(Completed("stop", 9, 3), usage=usage)
    )
    *events, end = EventStream().feed(stream)
    chunks = [ChatCompletionChunk.model_validate_json(data) for data in events]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert choices[0].delta.role == "assistant"
    assert "".join(choice.delta.content or "" for choice in choices) == "Good day."
    assert [choice.finish_reason for choice in choices] == [None, None, None, "stop"]
    assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [12] * usage
    assert end == "[DONE]"


@pytest.mark.parametrize("kind", ChatFailure)
def test_every_failure_has_a_status(kind: ChatFailure) -> None:
    error = failure(ChatError(kind, "The LLM endpoint does not answer."))
    assert error.status in (502, 503, 504)
    assert error.code == f"llm_{kind}"
