"""The OpenAI chat-completions wire, the reading side: what one event of an answer says.

Pure: strings in, values out. Lenient where servers differ (fields that are missing, null or new),
strict where a mistake would be spoken aloud: anything that is not a completion chunk is an error.
Messages of its errors never repeat what the endpoint wrote, because that may quote the speaker.
Source: the OpenAI API reference, "Chat completions, streaming", and what vLLM, Ollama and llama.cpp
send in practice.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from models.llm.call_stream import CallPiece

Finish = Literal["stop", "length", "tool_calls"]

END = "[DONE]"
"""The data of the event that follows the last chunk."""

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_STATUS = re.compile(r"[1-5][0-9][0-9]")


class NotAChunk(Exception):
    """The event is not a completion chunk."""


class EndpointError(Exception):
    """The endpoint reported an error inside the stream. The message holds its kind only."""

    def __init__(self, kind: str, status: int | None) -> None:
        super().__init__(kind)
        self.status = status
        """As an HTTP status would be, where the endpoint says."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What one chunk adds to the reply."""

    text: str = field(default="", repr=False)
    calls: tuple[CallPiece, ...] = ()
    finish: Finish | None = None
    ended: bool = False
    """Nothing follows."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | dict[str, Any] | None = None


class _Call(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Choice(msgspec.Struct):
    delta: _Delta | None = None
    finish_reason: str | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None


class _Error(msgspec.Struct):
    type: str | None = None
    code: int | str | None = None


class _Chunk(msgspec.Struct):
    object: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None
    error: _Error | str | None = None
    type: str | None = None
    code: int | str | None = None


_decoder = msgspec.json.Decoder(_Chunk)


def read_chunk(data: str) -> Piece:
    """Interpret one event. Raises `NotAChunk` or `EndpointError`."""
    if data == END:
        return Piece(finish="stop", ended=True)
    try:
        chunk = _decoder.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotAChunk("an event is not a JSON completion chunk") from error
    if chunk.error is not None:
        _raise_reported(chunk.error)
    if chunk.object == "error":
        _raise_reported(_Error(chunk.type, chunk.code))
    if chunk.choices is None and chunk.usage is None:
        raise NotAChunk("an event has neither choices nor usage")
    return _piece(chunk)


def _piece(chunk: _Chunk) -> Piece:
    choice = chunk.choices[0] if chunk.choices else _Choice()
    delta = choice.delta or _Delta()
    usage = chunk.usage or _Usage()
    details = usage.prompt_tokens_details or _PromptDetails()
    return Piece(
        text=delta.content or "",
        calls=tuple(_call(call) for call in delta.tool_calls or ()),
        finish=_finish(choice.finish_reason),
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=details.cached_tokens,
    )


def _call(call: _Call) -> CallPiece:
    function = call.function or _Function()
    return CallPiece(call.index, call.id or "", function.name or "", _text(function.arguments))


def _text(arguments: str | dict[str, Any] | None) -> str:
    """Arguments as JSON text, which some servers send as JSON itself."""
    if isinstance(arguments, dict):
        return msgspec.json.encode(arguments).decode()
    return arguments or ""


def _finish(reason: str | None) -> Finish | None:
    match reason:
        case None | "":
            return None
        case "abort" | "error":
            raise EndpointError(reason, None)
        case "length":
            return "length"
        case "tool_calls" | "function_call":
            return "tool_calls"
        case _:
            return "stop"


def kind_of(*names: str) -> str:
    """The first name that is a name; prose may quote the speaker."""
    return next((name for name in names if name and _NAME.fullmatch(name)), "unnamed")


def _raise_reported(error: _Error | str) -> None:
    """Raise with the machine-readable part of a reported error."""
    reported = _Error() if isinstance(error, str) else error
    code = "" if reported.code is None else str(reported.code)
    kind = kind_of(reported.type or "", code)
    raise EndpointError(kind, int(code) if _STATUS.fullmatch(code) else None)
