"""The chat wire: any text is a piece of a reply, a reported error, or not a chunk; nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.call_stream import CallPiece
from models.llm.chat_wire import EndpointError, NotAChunk, Piece, read_chunk

pytestmark = pytest.mark.pure

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
_almost_chunk = st.fixed_dictionaries(
    {},
    optional={"choices": _json, "usage": _json, "error": _json, "object": _json, "code": _json},
)


@settings(max_examples=100, deadline=None)
@given(st.text() | (_json | _almost_chunk).map(json.dumps))
def test_any_text_is_read_or_refused(data: str) -> None:
    try:
        piece = read_chunk(data)
    except (NotAChunk, EndpointError):
        return
    assert isinstance(piece, Piece)


def test_deep_nesting_is_not_a_chunk() -> None:
    with pytest.raises(NotAChunk):
        read_chunk('{"x":' + "[" * 100_000)


@settings(deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_the_text_arrives_as_it_was_made(text: str) -> None:
    chunk = {"choices": [{"delta": {"content": text}}]}
    assert read_chunk(json.dumps(chunk)).text == text


@pytest.mark.parametrize(
    "chunk",
    [
        {"choices": []},
        {"choices": [{"delta": {"role": "assistant"}}]},
        {"choices": [{"delta": {"content": None}}]},
        {"choices": [{"delta": {"reasoning_content": "Let me think."}}]},
        {"choices": [{"delta": None}]},
        {"choices": [{}]},
        {"choices": [], "usage": None},
    ],
)
def test_a_chunk_may_say_nothing(chunk: object) -> None:
    assert read_chunk(json.dumps(chunk)) == Piece()


@pytest.mark.parametrize(
    ("reason", "wanted"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("content_filter", "stop"),
        ("eos", "stop"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
    ],
)
def test_finish_reasons(reason: str, wanted: str) -> None:
    chunk = {"choices": [{"delta": {}, "finish_reason": reason}]}
    assert read_chunk(json.dumps(chunk)).finish == wanted


def test_the_end_is_an_event_of_its_own() -> None:
    assert read_chunk("[DONE]") == Piece(finish="stop", ended=True)


def test_usage_counts_tokens() -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    assert read_chunk(json.dumps({"usage": usage})) == Piece(prompt_tokens=3, completion_tokens=5)


@pytest.mark.parametrize(
    ("event", "kind", "status"),
    [
        ({"error": {"message": "x", "type": "Overloaded", "code": 503}}, "Overloaded", 503),
        ({"error": {"message": "x", "code": "429"}}, "429", 429),
        ({"error": {"code": "context_length_exceeded"}}, "context_length_exceeded", None),
        ({"error": {"message": "x", "code": 10**30}}, str(10**30), None),
        ({"error": "you said hello"}, "unnamed", None),
        ({"error": {"type": "you said hello"}}, "unnamed", None),
        ({"object": "error", "type": "NotFoundError", "code": 404}, "NotFoundError", 404),
        ({"choices": [{"finish_reason": "abort"}]}, "abort", None),
    ],
)
def test_reported_errors_keep_their_kind_and_drop_their_prose(
    event: object, kind: str, status: int | None
) -> None:
    with pytest.raises(EndpointError) as caught:
        read_chunk(json.dumps(event))
    assert (str(caught.value), caught.value.status) == (kind, status)


def _called(*calls: object) -> tuple[CallPiece, ...]:
    return read_chunk(json.dumps({"choices": [{"delta": {"tool_calls": calls}}]})).calls


def test_pieces_of_tool_calls() -> None:
    named = {"index": 1, "id": "c1", "type": "function", "function": {"name": "clock"}}
    assert _called(named, {"index": 1, "function": {"arguments": '{"a'}}) == (
        CallPiece(1, "c1", "clock"),
        CallPiece(1, arguments='{"a'),
    )


def test_arguments_may_be_an_object_and_anything_may_be_missing() -> None:
    assert _called({"function": {"arguments": {"a": 1}}}, {"function": None}) == (
        CallPiece(arguments='{"a":1}'),
        CallPiece(),
    )
