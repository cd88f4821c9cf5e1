"""Function tools as the chat-completions API writes them, in requests and in answers. Pure.

Source: the OpenAI API reference, "Create chat completion": `tools`, `tool_choice`, `tool_calls`.
Only functions exist here; the other kinds of tools run on OpenAI's own servers.
"""

import re
from collections.abc import Sequence

import msgspec

from models.llm import Tool, ToolCall
from voice_server.wires.openai_errors import invalid, unsupported

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CHOICES = ("auto", "none", "required")


class _FunctionAsked(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, object] | None = None


class ToolAsked(msgspec.Struct):
    """One of `tools`."""

    function: _FunctionAsked | None = None
    type: str = "function"


class _FunctionCalled(msgspec.Struct):
    name: str
    arguments: str = ""


class ToolCallAsked(msgspec.Struct):
    """One of an assistant message's `tool_calls`."""

    id: str
    function: _FunctionCalled
    type: str = "function"


class _FunctionChosen(msgspec.Struct):
    name: str


class ToolChosen(msgspec.Struct):
    """The object form of `tool_choice`."""

    function: _FunctionChosen
    type: str = "function"


def read_tools(tools: Sequence[ToolAsked]) -> tuple[Tool, ...]:
    """What the model may call. Raises `ApiError`."""
    read: dict[str, Tool] = {}
    for number, tool in enumerate(tools):
        place, function = f"tools[{number}]", tool.function
        if tool.type != "function" or function is None:
            raise unsupported(f"{place}.type", f"{place} is not a function; only functions are.")
        if not _NAME.fullmatch(function.name):
            message = f"{place}.function.name has 1 to 64 letters, digits, underscores or hyphens."
            raise invalid(f"{place}.function.name", message)
        if function.name in read:
            message = f"{place}.function.name is the name of an earlier tool."
            raise invalid(f"{place}.function.name", message)
        read[function.name] = Tool(
            function.name, function.description or "", function.parameters or {}
        )
    return tuple(read.values())


def read_choice(choice: str | ToolChosen | None, tools: Sequence[Tool]) -> str:
    """As `ChatOptions.tool_choice` has it. Raises `ApiError`."""
    if choice is None:
        return "auto"
    if isinstance(choice, str):
        if choice not in _CHOICES:
            known = ", ".join(_CHOICES)
            raise invalid("tool_choice", f"tool_choice is one of {known}, or names a function.")
        if choice == "required" and not tools:
            raise invalid("tool_choice", "tool_choice is required, but there are no tools.")
        return choice
    if choice.function.name not in (tool.name for tool in tools):
        raise invalid("tool_choice.function.name", "tool_choice names a tool that is not in tools.")
    return choice.function.name


def read_calls(calls: Sequence[ToolCallAsked]) -> tuple[ToolCall, ...]:
    """What an earlier answer asked for."""
    return tuple(ToolCall(call.id, call.function.name, call.function.arguments) for call in calls)


def written_call(call: ToolCall) -> dict[str, object]:
    """A whole call, as an answer in one piece has it."""
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
