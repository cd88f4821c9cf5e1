"""The Messages request: turns of blocks, as Anthropic's rules have them."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm import ChatOptions, Message, Tool, ToolCall
from models.llm.anthropic_request import request_body

pytestmark = pytest.mark.pure

CACHED = {"cache_control": {"type": "ephemeral"}}


def _body(*messages: Message, **options: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(request_body("claude", messages, ChatOptions(**options)))
    return body


def test_the_instructions_stand_apart() -> None:
    body = _body(Message("system", "Be brief."), Message("user", "Grüße"), max_tokens=7)
    assert body == {
        "model": "claude",
        "max_tokens": 7,
        "stream": True,
        "system": [{"type": "text", "text": "Be brief.", **CACHED}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Grüße", **CACHED}]},
        ],
    }


def test_calls_and_results_are_blocks_and_results_stand_together() -> None:
    calls = (ToolCall("c1", "lamp", '{"on": true}'), ToolCall("c2", "clock", "broken"))
    body = _body(
        Message("user", "Light!"),
        Message("assistant", "", calls),
        Message("tool", "Done.", tool_call_id="c1"),
        Message("tool", "Noon.", tool_call_id="c2"),
        Message("user", "Thanks."),
    )
    asked, called, answered = body["messages"]
    assert asked["role"] == "user"
    assert called["content"] == [
        {"type": "tool_use", "id": "c1", "name": "lamp", "input": {"on": True}},
        {"type": "tool_use", "id": "c2", "name": "clock", "input": {}},
    ]
    assert [block["type"] for block in answered["content"]] == [
        "tool_result",
        "tool_result",
        "text",
    ]
    assert answered["content"][1]["tool_use_id"] == "c2"


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("lamp", {"type": "tool", "name": "lamp"}),
    ],
)
def test_tools(choice: str, written: object) -> None:
    body = _body(tools=(Tool("lamp", "Light."),), tool_choice=choice)
    assert body["tool_choice"] == written
    schema = {"type": "object", "properties": {}}
    assert body["tools"] == [{"name": "lamp", "description": "Light.", "input_schema": schema}]


def test_without_tools_there_is_no_choice() -> None:
    assert _body(tool_choice="none").keys() == {"model", "max_tokens", "stream", "messages"}


def test_temperatures_end_at_one() -> None:
    assert _body(temperature=1.7)["temperature"] == 1.0
    assert _body(temperature=0.3)["temperature"] == 0.3


_messages = st.lists(
    st.builds(Message, st.sampled_from(["system", "user", "assistant", "tool"]), st.text())
)


@settings(max_examples=100, deadline=None)
@given(_messages)
def test_roles_alternate_and_no_text_is_empty(messages: list[Message]) -> None:
    turns = _body(*messages)["messages"]
    roles = [turn["role"] for turn in turns]
    assert set(roles) <= {"user", "assistant"}
    assert all(turn["content"] for turn in turns)
    texts = [block for turn in turns for block in turn["content"] if block["type"] == "text"]
    assert all(block["text"].strip() for block in texts)
    assert all(left != right for left, right in pairwise(roles))
