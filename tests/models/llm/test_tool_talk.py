"""When the offline responder calls a tool: whenever it is told its name, and at no other time."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm import ChatOptions, Message, Tool, ToolCall
from models.llm.tool_talk import find_call, tell_results

pytestmark = pytest.mark.pure

WEATHER = Tool("get_weather", parameters={"properties": {"city": {"type": "string"}}})
DICE = Tool(
    "rollDice",
    parameters={
        "properties": {"color": {"type": "string"}, "sides": {"type": "integer"}},
        "required": ["sides"],
    },
)
TOOLS = (WEATHER, DICE)


def _call(text: str, choice: str = "auto", tools: tuple[Tool, ...] = TOOLS) -> object:
    options = ChatOptions(tools=tools, tool_choice=choice)
    found = find_call([Message("user", text)], options)
    return found and (found[0].name, json.loads(found[1]))


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        ("Call get_weather.", "get_weather", {}),
        ("call get weather", "get_weather", {}),
        ("Could you use the get weather tool for New York?", "get_weather", {"city": "New York"}),
        ("run the function get-weather in Paris", "get_weather", {"city": "Paris"}),
        ("call roll dice with twenty sides", "rollDice", {"sides": 20}),
        ("call roll dice with 2.5", "rollDice", {"sides": 2.5}),
        ("call roll dice loudly", "rollDice", {"sides": "loudly"}),
    ],
)
def test_a_tool_is_called_by_its_name(text: str, name: str, arguments: object) -> None:
    assert _call(text) == (name, arguments)


@pytest.mark.parametrize("text", ["", "Get weather.", "call me maybe", "What is the weather?"])
def test_nothing_else_calls_a_tool(text: str) -> None:
    assert _call(text) is None


def test_the_choice_is_kept() -> None:
    assert _call("call get weather", "none") is None
    assert _call("call get weather", tools=()) is None
    assert _call("hello", "required") == ("get_weather", {})
    assert _call("hello", "rollDice") == ("rollDice", {})
    assert _call("call roll dice for six", "rollDice") == ("rollDice", {"sides": 6})


def test_after_a_result_no_tool_is_called() -> None:
    messages = [Message("user", "call get weather"), Message("tool", "Rain.", tool_call_id="c1")]
    assert find_call(messages, ChatOptions(tools=TOOLS, tool_choice="required")) is None


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("It rains.", "Get weather says: It rains."),
        ('"Rain"', "Get weather says: Rain."),
        ('{"is_day": true, "sky": ["red", "blue"]}', "is day is true, sky is red, blue."),
        ("[1, null]", "Get weather says: 1, nothing."),
        ("", "Get weather says: nothing."),
    ],
)
def test_results_are_spoken(result: str, said: str) -> None:
    call = ToolCall("c1", "get_weather", "{}")
    messages = [Message("assistant", "", (call,)), Message("tool", result, tool_call_id="c1")]
    assert tell_results(messages).endswith(said)


def test_results_of_parallel_calls_are_spoken_in_order() -> None:
    calls = (ToolCall("c1", "lamp", "{}"), ToolCall("c2", "clock", "{}"))
    messages = [
        Message("assistant", "", calls),
        Message("tool", "On", tool_call_id="c1"),
        Message("tool", "Noon", tool_call_id="c2"),
    ]
    assert tell_results(messages) == "Lamp says: On. Clock says: Noon."


def test_without_a_result_there_is_nothing_to_tell() -> None:
    answered = [Message("tool", "Rain", tool_call_id="c1"), Message("user", "Thanks.")]
    assert tell_results(answered) == ""


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=100, deadline=None)
@given(st.text(), st.text(min_size=1), st.dictionaries(st.text(), _json), _json)
def test_anything_said_of_any_tool_is_fine(
    text: str, name: str, parameters: dict[str, object], result: object
) -> None:
    options = ChatOptions(tools=(Tool(name, parameters=parameters),))
    found = find_call([Message("user", f"call {name} {text}")], options)
    assert found is None or isinstance(json.loads(found[1]), dict)
    told = tell_results([Message("tool", json.dumps(result), tool_call_id="c1")])
    assert len(told) < 500
