"""What a chat-completions endpoint is asked: conversation, tools and limits as JSON. Pure.

Source: the OpenAI API reference, "Create chat completion". Two things are said the way that the
strictest server needs them. Arguments of earlier calls are always a JSON object, because chat
templates parse them and a broken one would refuse the whole conversation. A tool always has a
schema, because some templates print it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from models.llm import ChatOptions, Message, Tool, ToolCall
from models.llm.habits import Habits

NO_PARAMETERS: Mapping[str, object] = {"type": "object", "properties": {}}
"""The JSON Schema of a tool that takes none."""

_CHOICES = ("auto", "none", "required")


def request_body(
    model: str,
    messages: Sequence[Message],
    options: ChatOptions,
    habits: Habits,
    *,
    disable_thinking: bool = False,
) -> bytes:
    """The JSON of a streaming request, without what this server refuses."""
    limit = "max_tokens" if habits.old_limit else "max_completion_tokens"
    body: dict[str, object] = {
        "model": model,
        "messages": [_message(message) for message in messages],
        "stream": True,
        limit: options.max_tokens,
    }
    if options.temperature is not None and habits.temperature:
        body["temperature"] = options.temperature
    if habits.usage:
        body["stream_options"] = {"include_usage": True}
    if disable_thinking and habits.template:
        body["chat_template_kwargs"] = {"enable_thinking": False}
    if disable_thinking and habits.effort:
        body["reasoning_effort"] = "none"
    return msgspec.json.encode(body | _tool_fields(options))


def whole_arguments(arguments: str) -> dict[str, object]:
    """The arguments of a call; empty where the model did not write a JSON object."""
    try:
        return msgspec.json.decode(arguments, type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return {}


def _message(message: Message) -> dict[str, object]:
    said: dict[str, object] = {"role": message.role, "content": message.content}
    if message.role == "tool":
        said["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        said["content"] = message.content or None
        said["tool_calls"] = [_call(call) for call in message.tool_calls]
    return said


def _call(call: ToolCall) -> dict[str, object]:
    arguments = msgspec.json.encode(whole_arguments(call.arguments)).decode()
    function = {"name": call.name, "arguments": arguments}
    return {"id": call.id, "type": "function", "function": function}


def _tool_fields(options: ChatOptions) -> dict[str, object]:
    """The tools, and the choice among them where it is not left to the model."""
    if not options.tools:
        return {}
    fields: dict[str, object] = {"tools": [_tool(tool) for tool in options.tools]}
    choice = options.tool_choice
    if choice not in _CHOICES:
        fields["tool_choice"] = {"type": "function", "function": {"name": choice}}
    elif choice != "auto":
        fields["tool_choice"] = choice
    return fields


def _tool(tool: Tool) -> dict[str, object]:
    function: dict[str, object] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or NO_PARAMETERS
    return {"type": "function", "function": function}
