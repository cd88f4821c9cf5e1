"""When the offline responder calls a tool, and what it says about the result. Pure.

It calls a tool whose name the user says: "call get weather", "use the dice tool". A name is heard
with spaces where it has underscores, hyphens or a capital in the middle. What follows the name
becomes the tool's first required parameter (or else its first one): a number where the schema says
so, else the words as they were heard. Nothing else is guessed, so that whoever tries a tool sees
what was understood.
"""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from models.llm import ChatOptions, Message, Tool
from models.llm.number_words import read_number

_ASKED = re.compile(r"\b(?:call|use|run)\s+(?:the\s+)?(?:tool\s+|function\s+)?(?P<rest>.+)", re.I)
_LINKS = re.compile(r"^(?:(?:tool|function|with|for|in|on|to|of|at|please|and)\b\s*)+", re.I)
_SPOKEN_CHARS_MAX = 400


def find_call(messages: Sequence[Message], options: ChatOptions) -> tuple[Tool, str] | None:
    """The tool to call now, and its arguments as JSON; None: answer in words.

    A result is always answered in words, so that two machines cannot go on for ever.
    """
    last = messages[-1] if messages else None
    if not options.tools or options.tool_choice == "none" or (last and last.role == "tool"):
        return None
    text = last.content if last and last.role == "user" else ""
    named = [tool for tool in options.tools if tool.name == options.tool_choice]
    for tool in named or options.tools:
        said = _said_after(tool.name, text)
        if said is not None:
            return tool, _arguments(tool, said)
    if named or options.tool_choice == "required":
        return (named or options.tools)[0], "{}"
    return None


def tell_results(messages: Sequence[Message]) -> str:
    """The results at the end of the conversation as a sentence each; empty if there are none."""
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    results: list[str] = []
    for message in reversed(messages):
        if message.role != "tool":
            break
        name = _spoken_name(names.get(message.tool_call_id, "the tool"))
        results.append(f"{name.capitalize()} says: {_spoken(message.content)}.")
    return " ".join(reversed(results))


def _said_after(name: str, text: str) -> str | None:
    """What follows a request for this tool; None if it was not asked for."""
    asked = _ASKED.search(text)
    if asked is None:
        return None
    words = [re.escape(word) for word in _spoken_name(name).split()]
    found = re.match(r"[\s_-]*".join(words) + r"\b(?P<rest>.*)", asked["rest"], re.I | re.DOTALL)
    return found and _LINKS.sub("", found["rest"].strip(" ,.:;?!"))


def _spoken_name(name: str) -> str:
    """`get_weather`, `get-weather` and `getWeather` are all "get weather"."""
    return " ".join(re.findall(r"[^\W\d_]?[^\WA-Z_]+|[^\W_]", name)).lower() or name.lower()


def _arguments(tool: Tool, said: str) -> str:
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    if not said or not isinstance(properties, Mapping):
        return "{}"
    names = [*(required if isinstance(required, list) else ()), *properties]
    first = next((name for name in names if isinstance(name, str) and name in properties), None)
    if first is None:
        return "{}"
    schema = properties[first]
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    value = _number(said) if kind in ("number", "integer") else said
    return msgspec.json.encode({first: value}).decode()


def _number(said: str) -> int | float | str:
    found = read_number(re.findall(r"\d[\d,]*(?:\.\d+)?|[a-z]+", said.lower()))
    if found is None:
        return said
    value: Fraction = found[0]
    return int(value) if value.denominator == 1 else float(value)


def _spoken(result: str) -> str:
    try:
        text = _in_words(msgspec.json.decode(result))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        text = result
    return text.strip().rstrip(".")[:_SPOKEN_CHARS_MAX] or "nothing"


def _in_words(value: object) -> str:
    match value:
        case dict():
            return ", ".join(
                f"{_spoken_name(str(key))} is {_in_words(item)}" for key, item in value.items()
            )
        case list():
            return ", ".join(map(_in_words, value))
        case bool():
            return "true" if value else "false"
        case None:
            return "nothing"
        case _:
            return str(value)
