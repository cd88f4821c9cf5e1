"""Anthropic's Messages stream, the reading side: what one event of an answer says. Pure.

Source: the Claude API documentation, "Streaming messages", which asks clients to skip events and
deltas that they do not know. Thinking is skipped as well: it is never spoken.
"""

from dataclasses import replace
from typing import Any

import msgspec

from models.llm.call_stream import CallPiece
from models.llm.chat_wire import EndpointError, Finish, NotAChunk, Piece, kind_of

_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""What each kind of error would have been outside a stream."""


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Message(msgspec.Struct):
    usage: _Usage | None = None


class _Block(msgspec.Struct):
    type: str
    id: str = ""
    name: str = ""
    text: str = ""
    input: dict[str, Any] | None = None


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class _Error(msgspec.Struct):
    type: str = ""


class _Event(msgspec.Struct):
    type: str
    index: int | None = None
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: _Usage | None = None
    error: _Error | None = None


_decoder = msgspec.json.Decoder(_Event)


def read_event(data: str) -> Piece:
    """Interpret one event. Raises `NotAChunk` and `EndpointError`."""
    try:
        event = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotAChunk("an event is not one of a Messages stream") from error
    match event.type:
        case "message_start":
            return _counts((event.message or _Message()).usage)
        case "content_block_start" if event.content_block:
            return _begun(event.index, event.content_block)
        case "content_block_delta" if event.delta:
            return _grown(event.index, event.delta)
        case "message_delta":
            finish = _finish(event.delta.stop_reason) if event.delta else None
            return replace(_counts(event.usage), finish=finish)
        case "message_stop":
            return Piece(finish="stop", ended=True)
        case "error":
            kind = event.error.type if event.error else ""
            raise EndpointError(kind_of(kind), _STATUSES.get(kind))
        case _:
            return Piece()


def _counts(usage: _Usage | None) -> Piece:
    """Token counts; what was read from the cache and written to it counts as prompt, too."""
    if usage is None:
        return Piece()
    prompt = (
        usage.input_tokens,
        usage.cache_read_input_tokens,
        usage.cache_creation_input_tokens,
    )
    known = usage.input_tokens is not None
    return Piece(
        prompt_tokens=sum(count or 0 for count in prompt) if known else None,
        completion_tokens=usage.output_tokens,
        cached_tokens=usage.cache_read_input_tokens,
    )


def _begun(index: int | None, block: _Block) -> Piece:
    """A block of text or a call; its input is empty here, and follows in pieces."""
    match block.type:
        case "text":
            return Piece(text=block.text)
        case "tool_use":
            arguments = msgspec.json.encode(block.input).decode() if block.input else ""
            return Piece(calls=(CallPiece(index, block.id, block.name, arguments),))
        case _:
            return Piece()


def _grown(index: int | None, delta: _Delta) -> Piece:
    match delta.type:
        case "text_delta":
            return Piece(text=delta.text)
        case "input_json_delta":
            return Piece(calls=(CallPiece(index, arguments=delta.partial_json),))
        case _:
            return Piece()


def _finish(reason: str | None) -> Finish | None:
    match reason:
        case None:
            return None
        case "max_tokens" | "model_context_window_exceeded":
            return "length"
        case "tool_use":
            return "tool_calls"
        case _:
            return "stop"
