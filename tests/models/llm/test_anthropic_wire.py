"""The Messages stream: any text is a piece of a reply, a reported error, or not an event."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.anthropic_wire import read_event
from models.llm.call_stream import CallPiece
from models.llm.chat_wire import EndpointError, NotAChunk, Piece

pytestmark = pytest.mark.pure

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_types = ["message_start", "content_block_start", "content_block_delta", "message_delta", "error"]
_almost = st.fixed_dictionaries(
    {"type": st.sampled_from(_types)},
    optional={"message": _json, "delta": _json, "content_block": _json, "error": _json},
)


@settings(max_examples=100, deadline=None)
@given(st.text() | (_json | _almost).map(json.dumps))
def test_any_text_is_read_or_refused(data: str) -> None:
    try:
        piece = read_event(data)
    except (NotAChunk, EndpointError):
        return
    assert isinstance(piece, Piece)


def _read(type: str, **fields: object) -> Piece:
    return read_event(json.dumps({"type": type, **fields}))


def test_what_was_cached_counts_as_prompt() -> None:
    usage = {
        "input_tokens": 3,
        "cache_read_input_tokens": 40,
        "cache_creation_input_tokens": 5,
        "output_tokens": 1,
    }
    assert _read("message_start", message={"usage": usage}) == Piece(
        prompt_tokens=48, completion_tokens=1, cached_tokens=40
    )
    assert _read("message_delta", delta={}, usage={"output_tokens": 9}) == Piece(
        completion_tokens=9
    )


def test_text_and_calls() -> None:
    text = {"type": "text_delta", "text": "Hi"}
    assert _read("content_block_delta", index=0, delta=text).text == "Hi"
    block = {"type": "tool_use", "id": "t1", "name": "lamp", "input": {}}
    begun = _read("content_block_start", index=1, content_block=block)
    assert begun.calls == (CallPiece(1, "t1", "lamp"),)
    more = {"type": "input_json_delta", "partial_json": '{"on"'}
    grown = _read("content_block_delta", index=1, delta=more)
    assert grown.calls == (CallPiece(1, arguments='{"on"'),)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "ping"},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "Hm."}},
        {"type": "content_block_delta", "delta": {"type": "signature_delta", "signature": "x"}},
        {"type": "something_new", "delta": {"type": "text_delta", "text": "?"}},
    ],
)
def test_what_says_nothing(event: object) -> None:
    assert read_event(json.dumps(event)) == Piece()


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("refusal", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        (None, None),
    ],
)
def test_how_it_ends(reason: str | None, finish: str | None) -> None:
    assert _read("message_delta", delta={"stop_reason": reason}).finish == finish
    assert _read("message_stop") == Piece(finish="stop", ended=True)


@pytest.mark.parametrize(
    ("kind", "shown", "status"),
    [
        ("overloaded_error", "overloaded_error", 529),
        ("rate_limit_error", "rate_limit_error", 429),
        ("you said hello", "unnamed", None),
    ],
)
def test_reported_errors(kind: str, shown: str, status: int | None) -> None:
    with pytest.raises(EndpointError) as caught:
        _read("error", error={"type": kind, "message": "you said hello"})
    assert (str(caught.value), caught.value.status) == (shown, status)
