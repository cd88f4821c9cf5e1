"""Tool calls in the pieces of every server that we know."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm.call_stream import (
    CallLimits,
    CallPiece,
    CallsTooLong,
    CallStream,
    CallWithoutName,
)

pytestmark = pytest.mark.pure


def _put_together(*pieces: CallPiece) -> list[tuple[str, str, str]]:
    """Id, name and whole arguments of each call, in the order of their beginning."""
    stream, calls = CallStream(CallLimits(), "our_"), dict[str, tuple[str, str]]()
    for piece in pieces:
        delta = stream.add(piece)
        _, before = calls.get(delta.id, ("", ""))
        calls[delta.id] = delta.name, before + delta.arguments
    assert stream.called == bool(pieces)
    return [(id, name, arguments) for id, (name, arguments) in calls.items()]


def test_nothing_called() -> None:
    assert _put_together() == []


def test_openai_interleaves_numbered_calls() -> None:
    assert _put_together(
        CallPiece(0, "a", "clock"),
        CallPiece(0, arguments='{"zone":'),
        CallPiece(1, "b", "lamp", "{"),
        CallPiece(0, arguments="1}"),
        CallPiece(1, arguments="}"),
    ) == [("a", "clock", '{"zone":1}'), ("b", "lamp", "{}")]


def test_older_vllm_renames_every_piece() -> None:
    assert _put_together(
        CallPiece(0, "a", "clock", '{"zone":'),
        CallPiece(0, "b", "clock", " 1"),
        CallPiece(0, "c", "clock", "}"),
    ) == [("a", "clock", '{"zone": 1}')]


def test_ollama_sends_whole_calls_under_one_number() -> None:
    assert _put_together(
        CallPiece(0, "a", "clock", "{}"), CallPiece(0, "b", "clock", '{"zone":1}')
    ) == [("a", "clock", "{}"), ("b", "clock", '{"zone":1}')]


def test_no_numbers_and_no_ids() -> None:
    assert _put_together(
        CallPiece(name="clock", arguments="{"),
        CallPiece(arguments="}"),
        CallPiece(name="lamp", arguments="{}"),
    ) == [("our_0", "clock", "{}"), ("our_1", "lamp", "{}")]


def test_ids_without_numbers() -> None:
    assert _put_together(
        CallPiece(id="a", name="clock"),
        CallPiece(id="b", name="lamp", arguments="{}"),
        CallPiece(id="a", arguments="{}"),
    ) == [("a", "clock", "{}"), ("b", "lamp", "{}")]


def test_an_id_given_twice_is_replaced() -> None:
    assert _put_together(CallPiece(0, "a", "clock", "{}"), CallPiece(1, "a", "lamp", "{}")) == [
        ("a", "clock", "{}"),
        ("our_1", "lamp", "{}"),
    ]


@pytest.mark.parametrize("piece", [CallPiece(arguments="{}"), CallPiece(3, "a", "", "{}")])
def test_a_call_needs_a_name(piece: CallPiece) -> None:
    with pytest.raises(CallWithoutName):
        CallStream(CallLimits(), "our_").add(piece)


def test_calls_are_counted() -> None:
    stream = CallStream(CallLimits(calls_max=1), "our_")
    stream.add(CallPiece(0, "a", "clock"))
    with pytest.raises(CallsTooLong, match="more than 1 tool calls") as caught:
        stream.add(CallPiece(1, "b", "lamp"))
    assert caught.value.limit == "tool_calls"


def test_arguments_are_measured_in_bytes_over_all_calls() -> None:
    stream = CallStream(CallLimits(arguments_bytes_max=5), "our_")
    stream.add(CallPiece(0, "a", "clock", "€"))
    with pytest.raises(CallsTooLong, match="more than 5 bytes") as caught:
        stream.add(CallPiece(1, "b", "lamp", "€"))
    assert caught.value.limit == "tool_arguments_bytes"


_arguments = st.dictionaries(st.text(max_size=3), st.integers(), max_size=3).map(json.dumps)


@settings(max_examples=100, deadline=None)
@given(st.lists(_arguments, max_size=4), st.data())
def test_calls_cut_anywhere_and_mixed_are_whole(whole: list[str], data: st.DataObject) -> None:
    """Each call keeps its order; calls are interleaved at will."""
    queues = [
        [CallPiece(number, f"c{number}", "tool"), *(CallPiece(number, arguments=c) for c in text)]
        for number, text in enumerate(whole)
    ]
    pieces: list[CallPiece] = []
    while any(queues):
        queue = data.draw(st.sampled_from([queue for queue in queues if queue]))
        pieces.append(queue.pop(0))
    calls = {id: arguments for id, _, arguments in _put_together(*pieces)}
    assert calls == {f"c{number}": text for number, text in enumerate(whole)}
