"""`POST /v1/chat/completions`: JSON in, one document or a stream of chunks out. Pure.

Source: the OpenAI API reference, "Create chat completion". Text and tool calls pass both ways. What
would change the answer and cannot be relayed is refused by name; what only nudges the sampling is
ignored. Tools are read in `openai_tools`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from models.llm import (
    ChatError,
    ChatFailure,
    ChatOptions,
    Completed,
    Message,
    ToolCall,
    ToolCallDelta,
)
from voice_server.wires.event_stream import DONE, event
from voice_server.wires.openai_errors import ApiError, decode, invalid, missing, unsupported
from voice_server.wires.openai_tools import (
    ToolAsked,
    ToolCallAsked,
    ToolChosen,
    read_calls,
    read_choice,
    read_tools,
    written_call,
)

_ROLES: dict[str, Literal["system", "user", "assistant", "tool"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
}

_STATUSES = {
    ChatFailure.UNREACHABLE: 503,
    ChatFailure.REFUSED: 502,
    ChatFailure.TIMED_OUT: 504,
    ChatFailure.BROKEN: 502,
}


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What is to be answered, and how."""

    messages: tuple[Message, ...] = field(repr=False)
    options: ChatOptions
    model: str = ""
    """Empty: not named."""
    stream: bool = False
    stream_usage: bool = False
    """Send the token counts in a last chunk."""
    one_call: bool = False
    """At most one tool call is wanted."""


class _Part(msgspec.Struct):
    type: str
    text: str | None = None


class _Message(msgspec.Struct):
    role: str
    content: str | list[_Part] | None = None
    tool_calls: list[ToolCallAsked] | None = None
    tool_call_id: str | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _ResponseFormat(msgspec.Struct):
    type: str


class _Body(msgspec.Struct):
    messages: list[_Message]
    model: str = ""
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    n: int | None = None
    stop: str | list[str] | None = None
    tools: list[ToolAsked] | None = None
    tool_choice: str | ToolChosen | None = None
    parallel_tool_calls: bool | None = None
    functions: list[msgspec.Raw] | None = None
    logprobs: bool | None = None
    modalities: list[str] | None = None
    response_format: _ResponseFormat | None = None


def parse(body: bytes, *, tokens_max: int) -> ChatRequest:
    """Understand the body. Raises `ApiError`.

    `tokens_max` is what an answer may have, whatever is asked for.
    """
    asked = decode(body, _Body)
    _check_supported(asked)
    if not asked.messages:
        raise invalid("messages", "messages is empty: there is nothing to answer.")
    messages = tuple(_message(number, one) for number, one in enumerate(asked.messages))
    tools = read_tools(asked.tools or [])
    options = ChatOptions(
        max_tokens=_tokens(asked, tokens_max),
        temperature=_temperature(asked),
        tools=tools,
        tool_choice=read_choice(asked.tool_choice, tools),
    )
    return ChatRequest(
        messages,
        options,
        asked.model,
        stream=bool(asked.stream),
        stream_usage=asked.stream_options is not None and bool(asked.stream_options.include_usage),
        one_call=asked.parallel_tool_calls is False,
    )


def failure(error: ChatError) -> ApiError:
    """What the endpoint did, as a status; all of them can be tried again."""
    return ApiError(_STATUSES[error.failure], str(error), code=f"llm_{error.failure}")


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer under way: what all its chunks have in common."""

    id: str
    created: int
    """Seconds since 1970."""
    model: str

    def opening(self) -> bytes:
        """The chunk that says who speaks."""
        return self._chunk({"role": "assistant", "content": ""}, None)

    def delta(self, text: str) -> bytes:
        """The chunk for a piece of text."""
        return self._chunk({"content": text}, None)

    def call_delta(self, index: int, call: ToolCallDelta, *, first: bool) -> bytes:
        """The chunk for a piece of the call with this number; the first one names it."""
        function = {"arguments": call.arguments}
        piece: dict[str, object] = {"index": index, "function": function}
        if first:
            function["name"] = call.name
            piece |= {"id": call.id, "type": "function"}
        return self._chunk({"tool_calls": [piece]}, None)

    def closing(self, completed: Completed, *, usage: bool) -> bytes:
        """The chunk that says why it ended, token counts if wanted, and the end of the stream."""
        last = self._chunk({}, completed.reason)
        counts = {**self._head("chat.completion.chunk"), "choices": [], "usage": _usage(completed)}
        return last + (event(counts) if usage else b"") + DONE

    def whole(
        self, text: str, completed: Completed, calls: Sequence[ToolCall] = ()
    ) -> dict[str, object]:
        """The answer in one piece."""
        message: dict[str, object] = {"role": "assistant", "content": text, "refusal": None}
        if calls:
            message["content"] = text or None
            message["tool_calls"] = [written_call(call) for call in calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": completed.reason,
        }
        head = self._head("chat.completion")
        return {**head, "choices": [choice], "usage": _usage(completed)}

    def _chunk(self, delta: Mapping[str, object], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model}


def _check_supported(asked: _Body) -> None:
    response_format = asked.response_format.type if asked.response_format else "text"
    refused = {
        "functions": bool(asked.functions),
        "n": asked.n not in (None, 1),
        "stop": bool(asked.stop),
        "logprobs": bool(asked.logprobs),
        "modalities": bool(asked.modalities) and asked.modalities != ["text"],
        "response_format": response_format != "text",
    }
    for param, is_asked_for in refused.items():
        if is_asked_for:
            message = f"{param} cannot be relayed: this endpoint answers with one text."
            raise unsupported(param, message)


def _tokens(asked: _Body, tokens_max: int) -> int:
    wanted = asked.max_completion_tokens or asked.max_tokens or tokens_max
    if wanted < 1:
        raise invalid("max_tokens", f"max_tokens must be at least 1, not {wanted}.")
    return min(wanted, tokens_max)


def _temperature(asked: _Body) -> float | None:
    if asked.temperature is not None and not 0 <= asked.temperature <= 2:
        raise invalid("temperature", f"temperature is 0 to 2, not {asked.temperature:g}.")
    return asked.temperature


def _message(number: int, asked: _Message) -> Message:
    place = f"messages[{number}]"
    if asked.role not in _ROLES:
        known = ", ".join(_ROLES)
        raise invalid(f"{place}.role", f"{place}.role is one of {known}, not {asked.role[:64]!r}.")
    role = _ROLES[asked.role]
    if role == "tool" and not asked.tool_call_id:
        raise missing(f"{place}.tool_call_id")
    content = asked.content or ""
    text = content if isinstance(content, str) else "".join(_texts(place, content))
    calls = read_calls(asked.tool_calls or []) if role == "assistant" else ()
    return Message(role, text, calls, (asked.tool_call_id or "") if role == "tool" else "")


def _texts(place: str, parts: list[_Part]) -> list[str]:
    for part in parts:
        if part.type != "text" or part.text is None:
            message = (
                f"{place}.content has a part of type {part.type[:64]!r}; only text is relayed."
            )
            raise unsupported(f"{place}.content", message)
    return [part.text or "" for part in parts]


def _usage(completed: Completed) -> dict[str, object]:
    """Token counts; 0 where the endpoint does not count."""
    prompt, answer = completed.prompt_tokens or 0, completed.completion_tokens or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": answer,
        "total_tokens": prompt + answer,
        "prompt_tokens_details": {"cached_tokens": completed.cached_tokens or 0},
    }
