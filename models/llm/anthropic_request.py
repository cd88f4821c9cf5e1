"""What Anthropic's Messages API is asked: conversation, tools and limits as JSON. Pure.

Source: the Claude API reference, "Create a Message". It differs from chat completions in four ways
that matter here: the instructions stand apart from the conversation; calls and results are blocks
of content; all results of one turn stand in one user message; and blocks of text must not be empty.
The instructions and the last message are marked as ends of prefixes to be cached.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby, takewhile
from operator import itemgetter

import msgspec

from models.llm import ChatOptions, Message, Tool
from models.llm.chat_request import NO_PARAMETERS, whole_arguments

Block = dict[str, object]

_CACHED: Block = {"cache_control": {"type": "ephemeral"}}
_TEMPERATURE_MAX = 1.0


def request_body(model: str, messages: Sequence[Message], options: ChatOptions) -> bytes:
    """The JSON of a streaming request."""
    instructions = list(takewhile(lambda message: message.role == "system", messages))
    body: Block = {
        "model": model,
        "max_tokens": options.max_tokens,
        "stream": True,
        "messages": _turns(messages[len(instructions) :]),
    }
    system = [_text(message.content) for message in instructions if message.content.strip()]
    if system:
        system[-1] |= _CACHED
        body["system"] = system
    if options.temperature is not None:
        body["temperature"] = min(options.temperature, _TEMPERATURE_MAX)
    if options.tools:
        body["tools"] = [_tool(tool) for tool in options.tools]
        body["tool_choice"] = _choice(options.tool_choice)
    return msgspec.json.encode(body)


def _turns(messages: Sequence[Message]) -> list[Block]:
    """The conversation, with neighbours in the same role as one turn."""
    said = [(_role(message), block) for message in messages for block in _blocks(message)]
    if said:
        said[-1][1].update(_CACHED)
    return [
        {"role": role, "content": [block for _, block in group]}
        for role, group in groupby(said, key=itemgetter(0))
    ]


def _role(message: Message) -> str:
    """Instructions in the middle of a conversation are told by the user: there is no other way."""
    return "assistant" if message.role == "assistant" else "user"


def _blocks(message: Message) -> Iterable[Block]:
    if message.role == "tool":
        yield {
            "type": "tool_result",
            "tool_use_id": message.tool_call_id,
            "content": message.content,
        }
        return
    if message.content.strip():
        yield _text(message.content)
    for call in message.tool_calls:
        arguments = whole_arguments(call.arguments)
        yield {"type": "tool_use", "id": call.id, "name": call.name, "input": arguments}


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _tool(tool: Tool) -> Block:
    described: Block = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "input_schema": tool.parameters or NO_PARAMETERS}


def _choice(choice: str) -> Block:
    match choice:
        case "auto" | "none":
            return {"type": choice}
        case "required":
            return {"type": "any"}
        case name:
            return {"type": "tool", "name": name}
