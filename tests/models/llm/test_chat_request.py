"""The request: what every server accepts, and nothing that only some of them do."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm import ChatOptions, Message, Tool, ToolCall
from models.llm.chat_request import NO_PARAMETERS, request_body, whole_arguments
from models.llm.habits import Habits

pytestmark = pytest.mark.pure


def _body(*messages: Message, **options: Any) -> dict[str, Any]:
    written = request_body("tiny", messages, ChatOptions(**options), Habits())
    body: dict[str, Any] = json.loads(written)
    return body


def test_the_request_asks_for_a_stream() -> None:
    assert _body(Message("system", "Be brief."), Message("user", "Grüße"), max_tokens=7) == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Grüße"},
        ],
        "stream": True,
        "max_tokens": 7,
        "stream_options": {"include_usage": True},
    }


def test_fields_that_some_servers_refuse_are_optional() -> None:
    options = ChatOptions(temperature=0.0)
    body = json.loads(request_body("tiny", [], options, Habits(), disable_thinking=True))
    assert body["temperature"] == 0.0
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
    assert body["reasoning_effort"] == "none"
    shy = Habits(usage=False, temperature=False, old_limit=False, template=False, effort=False)
    assert json.loads(request_body("tiny", [], options, shy, disable_thinking=True)) == {
        "model": "tiny",
        "messages": [],
        "stream": True,
        "max_completion_tokens": 512,
    }


def test_tools_are_functions_with_a_schema() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    body = _body(tools=(Tool("weather", "The weather.", schema), Tool("lamp")))
    assert body["tools"] == [
        {
            "type": "function",
            "function": {"name": "weather", "description": "The weather.", "parameters": schema},
        },
        {"type": "function", "function": {"name": "lamp", "parameters": NO_PARAMETERS}},
    ]
    assert "tool_choice" not in body


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("none", "none"),
        ("required", "required"),
        ("lamp", {"type": "function", "function": {"name": "lamp"}}),
    ],
)
def test_the_choice_among_tools(choice: str, written: object) -> None:
    assert _body(tools=(Tool("lamp"),), tool_choice=choice)["tool_choice"] == written
    assert "tool_choice" not in _body(tool_choice=choice), "without tools there is no choice"


def test_calls_and_results_are_told() -> None:
    call = ToolCall("c1", "lamp", '{"on": true}')
    body = _body(Message("assistant", "", (call,)), Message("tool", "Done.", tool_call_id="c1"))
    assert body["messages"] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "c1",
                    "type": "function",
                    "function": {"name": "lamp", "arguments": '{"on":true}'},
                }
            ],
        },
        {"role": "tool", "content": "Done.", "tool_call_id": "c1"},
    ]


@settings(max_examples=100, deadline=None)
@given(st.text() | st.dictionaries(st.text(), st.integers()).map(json.dumps))
def test_arguments_are_always_an_object(arguments: str) -> None:
    body = _body(Message("assistant", "On it.", (ToolCall("c1", "lamp", arguments),)))
    sent = json.loads(body["messages"][0]["tool_calls"][0]["function"]["arguments"])
    assert isinstance(sent, dict)
    assert sent == whole_arguments(arguments)


@pytest.mark.parametrize("broken", ["", '{"on": tr', "[1]", "null", "[" * 10_000, "\ud800"])
def test_broken_arguments_become_none(broken: str) -> None:
    assert whole_arguments(broken) == {}
