"""One response: opened when there is something, closed whatever happens, done once."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.realtime import kinds
from voice_server.wires.realtime.responses import Manner, Response, usage
from voice_server.wires.realtime.shelf import Shelf

pytestmark = pytest.mark.pure

Json = dict[str, Any]


def response(*, voiced: bool = True, conversation: str | None = "conv") -> Response:
    output = {"output": {"format": {"type": "audio/pcm", "rate": 24_000}, "voice": "a"}}
    manner = Manner("audio" if voiced else "text", output, "inf", conversation)
    return Response("resp", "item", manner, Shelf())


def test_nothing_is_opened_before_there_is_something() -> None:
    one = response()
    assert kinds(one.created()) == ["response.created"]
    one.text_over = True
    assert one.complete
    (done,) = one.done("completed", {"type": "completed"})
    assert done["response"]["output"] == []


def test_a_response_is_done_once() -> None:
    one = response()
    one.write("Hi")
    assert one.done("completed", {})
    assert one.done("failed", {}) == []


def test_a_spoken_response_is_complete_when_its_sound_is_sent() -> None:
    one = response()
    one.write("Hi")
    one.text_over = True
    assert not one.complete
    one.audio_over = True
    assert one.complete


def test_a_written_response_is_complete_when_it_is_written() -> None:
    one = response(voiced=False)
    one.write("Hi")
    one.text_over = True
    assert one.complete


steps = st.lists(
    st.sampled_from(["text", "call a", "call b", "end a", "end b"]), min_size=0, max_size=12
)


@given(steps, st.sampled_from(["completed", "cancelled", "failed"]), st.booleans())
def test_whatever_happens_everything_is_closed(
    happening: list[str], status: Any, voiced: bool
) -> None:
    one = response(voiced=voiced)
    told = one.created()
    for step in happening:
        verb, _, call = step.partition(" ")
        if verb == "text":
            told += one.write("Hi ")
        elif verb == "call":
            told += one.write_call(call, "f", "{}", f"item_{call}")
        else:
            told += one.close_call(call, "f", "{}", f"item_{call}")
    told += one.done(status, {})
    opened = [e["item"]["id"] for e in told if e["type"] == "response.output_item.added"]
    closed = [e["item"]["id"] for e in told if e["type"] == "response.output_item.done"]
    assert set(opened) == set(closed)
    assert [item["id"] for item in told[-1]["response"]["output"]] == opened
    indices = [e["output_index"] for e in told if e["type"] == "response.output_item.added"]
    assert all(after == before + 1 for before, after in pairwise([-1, *indices]))
    assert kinds(told).count("response.done") == 1


def test_what_the_conversation_does_not_remember_is_no_item_of_it() -> None:
    one = response(conversation=None)
    told = [*one.write("Hi"), *one.done("completed", {})]
    assert [kind for kind in kinds(told) if kind.startswith("conversation.")] == []


def test_tokens_are_all_of_text() -> None:
    counted = usage({"prompt_tokens": 7, "completion_tokens": 3, "cached_tokens": 2})
    assert (counted["total_tokens"], counted["input_tokens"], counted["output_tokens"]) == (
        10,
        7,
        3,
    )
    assert counted["input_token_details"]["cached_tokens_details"]["text_tokens"] == 2
    assert usage({})["total_tokens"] == 0
