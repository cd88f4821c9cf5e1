"""Tools that the server runs for the language model: Python functions named in the settings.

`tools.functions = ["my_house.lights:switch"]` offers the function `switch` to every conversation.
Its signature is the schema of its arguments and its docstring tells the model what it is for; both
are read by pydantic, which also checks what the model sends. A function may be `async`; a plain one
runs in a thread. Whatever it returns is told to the model, as text or as JSON.
"""

import asyncio
import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import PydanticSerializationError, to_json

from models.llm import Tool
from voice_server.settings import SettingsError

NAME_CHARS_MAX = 64
"""What the OpenAI chat API takes."""


@dataclass(frozen=True, slots=True)
class ServerTool:
    """One function, ready to be offered and run."""

    tool: Tool
    function: Callable[..., Any] = field(repr=False)
    arguments: type[BaseModel] = field(repr=False)

    async def run(self, arguments: str) -> str:
        """What the function returns for these arguments (JSON), or a sentence saying why not.

        The language model reads the sentence, so it can put the call right.
        """
        try:
            given = self.arguments.model_validate_json(arguments or "{}")
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return f"The arguments are wrong. {'; '.join(problems)}"
        values = {name: getattr(given, name) for name in type(given).model_fields}
        if inspect.iscoroutinefunction(self.function):
            result = await self.function(**values)
        else:
            result = await asyncio.to_thread(self.function, **values)
        return _told(result)


def load_tools(functions: Iterable[str]) -> Mapping[str, ServerTool]:
    """The functions by name. Raises `SettingsError` with the remedy."""
    tools = [_tool(entry) for entry in functions]
    by_name = {tool.tool.name: tool for tool in tools}
    if len(by_name) < len(tools):
        raise SettingsError("tools.functions: two functions have the same name")
    return by_name


def _tool(entry: str) -> ServerTool:
    module_name, colon, name = entry.partition(":")
    if not colon:
        raise SettingsError(f"tools.functions: write module:function, not {entry!r}")
    try:
        function = getattr(importlib.import_module(module_name), name)
    except ImportError as error:
        raise SettingsError(f"tools.functions: {entry}: {error}") from None
    except AttributeError:
        raise SettingsError(f"tools.functions: {module_name} has no {name!r}") from None
    if not callable(function) or len(name) > NAME_CHARS_MAX:
        raise SettingsError(f"tools.functions: {entry} is not a function that can be offered")
    try:
        return server_tool(name, function)
    except TypeError as error:
        raise SettingsError(f"tools.functions: {entry}: {error}") from None


def server_tool(name: str, function: Callable[..., Any]) -> ServerTool:
    """Offer a function under a name. Raises `TypeError` if a parameter has no type."""
    arguments = _arguments(name, function)
    description = inspect.getdoc(function) or ""
    return ServerTool(Tool(name, description, arguments.model_json_schema()), function, arguments)


def _arguments(tool: str, function: Callable[..., Any]) -> type[BaseModel]:
    """A model of the function's parameters, from its annotations."""
    fields: dict[str, Any] = {}
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if not named or parameter.annotation is parameter.empty:
            raise TypeError(f"give {name!r} a type, and no star")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (parameter.annotation, default)
    return create_model(tool, __config__=ConfigDict(extra="forbid"), **fields)


def _told(result: object) -> str:
    """A result as the model reads it."""
    if isinstance(result, str):
        return result
    try:
        return to_json(result).decode()
    except PydanticSerializationError:
        return str(result)
