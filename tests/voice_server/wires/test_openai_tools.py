"""Tools in requests, checked with what OpenAI's own client sends and expects."""

import json

import pytest
from openai.types.chat import ChatCompletionMessageFunctionToolCall

from models.llm import Tool, ToolCall
from voice_server.wires.openai_errors import ApiError, decode
from voice_server.wires.openai_tools import (
    ToolAsked,
    ToolCallAsked,
    ToolChosen,
    read_calls,
    read_choice,
    read_tools,
    written_call,
)

pytestmark = pytest.mark.pure


def _tool(**fields: object) -> ToolAsked:
    return decode(json.dumps({"type": "function", **fields}).encode(), ToolAsked)


def test_only_a_name_is_required() -> None:
    assert read_tools([_tool(function={"name": "lamp", "strict": True})]) == (Tool("lamp"),)


@pytest.mark.parametrize(
    ("tools", "param"),
    [
        ([_tool(type="web_search")], "tools[0].type"),
        ([_tool()], "tools[0].type"),
        ([_tool(function={"name": "two words"})], "tools[0].function.name"),
        ([_tool(function={"name": "x" * 65})], "tools[0].function.name"),
        ([_tool(function={"name": "lamp"})] * 2, "tools[1].function.name"),
    ],
)
def test_a_wrong_tool_is_named(tools: list[ToolAsked], param: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_tools(tools)
    assert (caught.value.status, caught.value.param) == (400, param)


def _chosen(name: str) -> ToolChosen:
    body = {"type": "function", "function": {"name": name}}
    return decode(json.dumps(body).encode(), ToolChosen)


def test_choices() -> None:
    lamp = (Tool("lamp"),)
    assert read_choice(None, ()) == "auto"
    assert [read_choice(word, lamp) for word in ("auto", "none", "required")] == [
        "auto",
        "none",
        "required",
    ]
    assert read_choice(_chosen("lamp"), lamp) == "lamp"


@pytest.mark.parametrize("choice", ["lamp", "required", _chosen("lamp")])
def test_a_choice_that_cannot_be(choice: str | ToolChosen) -> None:
    with pytest.raises(ApiError) as caught:
        read_choice(choice, ())
    assert (caught.value.param or "").startswith("tool_choice")


def test_a_call_survives_both_ways() -> None:
    call = ToolCall("c1", "lamp", '{"on": tr')
    written = written_call(call)
    assert ChatCompletionMessageFunctionToolCall.model_validate(written).id == "c1"
    assert read_calls([decode(json.dumps(written).encode(), ToolCallAsked)]) == (call,)
