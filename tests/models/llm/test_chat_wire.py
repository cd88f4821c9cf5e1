"""The chat wire: any text is a piece of a reply, a reported error, or not a chunk; nothing else."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm import ChatOptions, Message
from models.llm.chat_wire import EndpointError, NotAChunk, Piece, read_chunk, request_body

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
    [("stop", "stop"), ("length", "length"), ("content_filter", "stop"), ("eos", "stop")],
)
def test_finish_reasons(reason: str, wanted: str) -> None:
    chunk = {"choices": [{"delta": {}, "finish_reason": reason}]}
    assert read_chunk(json.dumps(chunk)).finish == wanted


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


def test_the_request_asks_for_a_stream() -> None:
    messages = [Message("system", "Be brief."), Message("user", "Grüße")]
    body = json.loads(request_body("tiny", messages, ChatOptions(max_tokens=7)))
    assert body == {
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Grüße"},
        ],
        "stream": True,
        "max_tokens": 7,
        "stream_options": {"include_usage": True},
    }


def test_fields_that_some_servers_refuse_are_optional() -> None:
    options = ChatOptions(temperature=0.0)
    body = json.loads(request_body("tiny", [], options, usage=False, disable_thinking=True))
    assert "stream_options" not in body
    assert body["temperature"] == 0.0
    assert body["chat_template_kwargs"] == {"enable_thinking": False}
