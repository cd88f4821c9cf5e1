"""Tools: functions become schemas, arguments are checked, results become text."""

import asyncio
import datetime
import threading
from typing import Literal

import pytest

from voice_server.settings import SettingsError
from voice_server.toolbox import load_tools

pytestmark = pytest.mark.pure

HERE = "tests.voice_server.test_toolbox"


async def switch(lamp: str, on: bool = True) -> str:
    """Switch a lamp on or off."""
    return f"{lamp} is {'on' if on else 'off'}"


def where() -> bool:
    return threading.current_thread() is threading.main_thread()


def forecast(day: datetime.date, unit: Literal["C", "F"] = "C") -> dict[str, object]:
    return {"day": day, "unit": unit, "high": 20}


def thing() -> object:
    return Odd()


class Odd:
    def __str__(self) -> str:
        return "odd"


def untyped(x) -> None:  # type: ignore[no-untyped-def]
    ...


def spread(*all_of_them: int) -> None: ...


def run(name: str, arguments: str) -> str:
    tools = load_tools([f"{HERE}:{name}"])
    return asyncio.run(tools[name].run(arguments))


def test_a_function_tells_the_model_what_it_is_for() -> None:
    tool = load_tools([f"{HERE}:switch"])["switch"].tool
    assert tool.description == "Switch a lamp on or off."
    properties = tool.parameters["properties"]
    assert isinstance(properties, dict)
    assert {name: field["type"] for name, field in properties.items()} == {
        "lamp": "string",
        "on": "boolean",
    }
    assert tool.parameters["required"] == ["lamp"]


def test_it_runs_with_what_the_model_sent() -> None:
    assert run("switch", '{"lamp":"Moon","on":false}') == "Moon is off"


def test_a_plain_function_does_not_hold_up_the_server() -> None:
    assert run("where", "") == "false"


def test_arguments_are_what_their_types_say_and_results_are_json() -> None:
    told = run("forecast", '{"day":"2026-11-21"}')
    assert told == '{"day":"2026-11-21","unit":"C","high":20}'


def test_what_has_no_json_is_told_as_text() -> None:
    assert run("thing", "{}") == "odd"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("{}", "lamp: Field required"),
        ('{"lamp":"x","of":1}', "of: Extra inputs"),
        ('{"lamp":', "Invalid JSON"),
        ("[]", "should be an object"),
    ],
)
def test_the_model_reads_what_was_wrong(arguments: str, complaint: str) -> None:
    told = run("switch", arguments)
    assert told.startswith("The arguments are wrong.")
    assert complaint in told


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ("no_colon", "write module:function"),
        ("no.such.module:f", "No module named"),
        (f"{HERE}:missing", "has no 'missing'"),
        (f"{HERE}:HERE", "is not a function"),
        (f"{HERE}:untyped", "give 'x' a type"),
        (f"{HERE}:spread", "give 'all_of_them' a type"),
    ],
)
def test_what_cannot_be_offered_is_named_at_start(entry: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint):
        load_tools([entry])


def test_two_of_the_same_name_are_one_too_many() -> None:
    with pytest.raises(SettingsError, match="same name"):
        load_tools([f"{HERE}:where", f"{HERE}:where"])
