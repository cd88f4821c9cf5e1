"""What the protocol itself refuses, and what a message asks of the conversation."""

from typing import Any

import pytest

from tests.support.realtime import (
    A1,
    MANUAL,
    TENTH,
    U1,
    Talk,
    answering,
    asked_to_reply,
    final,
    inner,
    kinds,
)
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.pure

Json = dict[str, Any]
HELLO: Json = {
    "type": "message",
    "role": "user",
    "content": [{"type": "input_text", "text": "Hi"}],
}


def test_a_commit_of_too_little() -> None:
    talk = Talk(session=MANUAL)
    for _ in range(2):
        talk.say("input_audio_buffer.append", audio=TENTH[: len(TENTH) // 2])
        error = talk.error("input_audio_buffer.commit", event_id="mine")
        assert error["code"] == "input_audio_buffer_commit_empty"
        assert error["event_id"] == "mine"
        talk.say("input_audio_buffer.clear")
    talk.say("input_audio_buffer.append", audio=TENTH)
    assert inner(talk.say("input_audio_buffer.commit")) == [ev.AudioCommitted()]
    assert talk.error("input_audio_buffer.commit")["message"].endswith("0.00ms of audio.")


def test_audio_after_a_commit_belongs_to_the_next() -> None:
    """Also when the end of the turn is told after it has come."""
    talk = Talk(session=MANUAL)
    talk.tell(ev.SpeechStarted(1, 0, False))
    talk.say("input_audio_buffer.append", audio=TENTH)
    talk.say("input_audio_buffer.commit")
    talk.say("input_audio_buffer.append", audio=TENTH)
    talk.tell(ev.SpeechStopped(1, 100))
    assert inner(talk.say("input_audio_buffer.commit")) == [ev.AudioCommitted()]


def test_a_second_response_while_one_is_written() -> None:
    talk = Talk()
    (created, *_) = answering(talk)
    error = talk.error("response.create", event_id="mine")
    assert error["code"] == "conversation_already_has_active_response"
    assert created["response"]["id"] in error["message"]
    assert error["event_id"] == "mine"


def test_a_response_may_follow_one_that_is_only_being_sent() -> None:
    talk = Talk()
    answering(talk)
    talk.tell(ev.ReplyTextDone(1, "Good day."))
    assert asked_to_reply(talk.say("response.create")).follows


def test_a_response_that_was_asked_for_is_one() -> None:
    talk = Talk()
    first = asked_to_reply(talk.say("response.create"))
    assert first.tag in talk.error("response.create")["message"]
    told = talk.tell(ev.ReplyStarted(1, "request", None, first))
    assert told[0]["response"]["id"] == first.tag


def test_who_is_interrupted_has_forgotten_what_was_to_come() -> None:
    talk = Talk()
    answering(talk)
    talk.tell(ev.ReplyTextDone(1, "Good day."))
    talk.say("response.create")
    talk.tell(ev.PlaybackStopped(1, "barge_in"), ev.ReplyDone(1, "interrupted", "", {}, {}))
    assert asked_to_reply(talk.say("response.create")).follows


def test_nothing_to_cancel() -> None:
    talk = Talk()
    assert talk.error("response.cancel")["code"] == "response_cancel_not_active"
    answering(talk)
    assert talk.error("response.cancel", response_id="other")["code"] == (
        "response_cancel_not_active"
    )


def test_what_was_asked_for_can_be_cancelled_before_it_begins() -> None:
    talk = Talk()
    talk.say("response.create")
    asked = talk.say("response.cancel")
    assert inner(asked) == [ev.ReplyCancelled()]
    talk.obey(asked)
    assert asked_to_reply(talk.say("response.create")).tag


@pytest.mark.parametrize("verb", ["retrieve", "delete"])
def test_items_that_do_not_exist(verb: str) -> None:
    talk = Talk()
    (asked,) = talk.say(f"conversation.item.{verb}", item_id="nothing", event_id="mine")
    assert isinstance(asked, ev.Identified)
    (told,) = talk.tell(ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No.", id=asked.id))
    assert told["error"]["code"] == f"item_{verb}_invalid_item_id"
    assert told["error"]["event_id"] == "mine"


def test_truncations_that_mean_nothing() -> None:
    talk = Talk()
    cut = {"content_index": 0, "audio_end_ms": 10}
    error = talk.error("conversation.item.truncate", item_id="nothing", **cut)
    assert error["code"] == "item_truncate_invalid_item_id"
    talk.tell(ev.ItemAdded(ev.Item("mine", text="Hi"), None))
    error = talk.error("conversation.item.truncate", item_id="mine", **cut)
    assert error["message"] == "Only model output audio messages can be truncated."


def test_an_item_that_exists_already() -> None:
    talk = Talk()
    talk.say("conversation.item.create", item={**HELLO, "id": "mine"})
    error = talk.error("conversation.item.create", item={**HELLO, "id": "mine"})
    assert error["code"] == "item_create_duplicate_item_id"


def test_items_go_where_the_client_says() -> None:
    talk = Talk()
    (first,) = inner(talk.say("conversation.item.create", item={**HELLO, "id": "a"}))
    assert first == ev.ItemInserted(ev.Item("a", text="Hi"), None)
    (next,) = inner(
        talk.say("conversation.item.create", item={**HELLO, "id": "b"}, previous_item_id="a")
    )
    assert next == ev.ItemInserted(ev.Item("b", text="Hi"), "a")
    (front,) = inner(
        talk.say("conversation.item.create", item={**HELLO, "id": "c"}, previous_item_id="root")
    )
    assert front == ev.ItemInserted(ev.Item("c", text="Hi"), "")
    error = talk.error("conversation.item.create", item=HELLO, previous_item_id="nothing")
    assert error["code"] == "item_create_invalid_item_id"


def test_a_turn_that_said_nothing_can_be_shown_and_deleted_and_followed() -> None:
    talk = Talk()
    talk.tell(ev.SpeechStarted(1, 0, False), ev.SpeechStopped(1, 500), final(""))
    (shown,) = talk.obey(talk.say("conversation.item.retrieve", item_id=U1))
    assert shown["item"]["content"] == [{"type": "input_audio", "transcript": ""}]
    (next,) = inner(talk.say("conversation.item.create", item=HELLO, previous_item_id=U1))
    assert isinstance(next, ev.ItemInserted)
    assert next.after == ""
    assert kinds(talk.obey(talk.say("conversation.item.delete", item_id=U1))) == [
        "conversation.item.deleted"
    ]
    (gone,) = inner(talk.say("conversation.item.retrieve", item_id=U1))
    assert gone == ev.ItemsWanted(U1)


def test_an_old_call_and_its_result_are_history() -> None:
    """A client that reconnects brings its whole conversation along."""
    talk = Talk()
    call = {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c", "id": "a"}
    result = {"type": "function_call_output", "call_id": "c", "output": "42", "id": "b"}
    (first,) = inner(talk.say("conversation.item.create", item=call))
    (second,) = inner(talk.say("conversation.item.create", item=result, previous_item_id="a"))
    assert isinstance(first, ev.ItemInserted)
    assert isinstance(second, ev.ItemInserted)
    assert (first.item.kind, second.item.kind, second.after) == ("tool_call", "tool_result", "a")


def test_the_input_of_a_response() -> None:
    talk = Talk()
    talk.say("conversation.item.create", item={**HELLO, "id": "a"})
    reference = {"type": "item_reference", "id": "a"}
    asked = asked_to_reply(talk.say("response.create", response={"input": [reference, HELLO]}))
    assert asked.input is not None
    assert asked.input[0] == "a"
    assert isinstance(asked.input[1], ev.Item)
    reference = {"type": "item_reference", "id": "nothing"}
    params = {"input": [reference], "conversation": "none"}
    assert talk.error("response.create", response=params)["param"] == "item_id"


def test_tools_that_are_no_functions_are_told_and_the_others_taken() -> None:
    talk = Talk()
    mcp = {"type": "mcp", "server_label": "x"}
    function = {"type": "function", "name": "f"}
    told = talk.obey(talk.say("session.update", session={"tools": [mcp, function]}))
    assert kinds(told) == ["session.updated", "error"]
    assert told[0]["session"]["tools"] == [function]
    assert told[1]["error"]["code"] == "unsupported_tool"


def test_a_buffer_that_only_other_transports_have() -> None:
    assert Talk().say("output_audio_buffer.clear") == []


def test_what_a_client_heard_of_an_answer_in_writing_cannot_be_cut() -> None:
    talk = Talk()
    talk.tell(
        ev.ReplyStarted(1, "request", None, speaks=False),
        ev.ReplyText(1, "Good day."),
        ev.ReplyTextDone(1, "Good day."),
    )
    cut = {"content_index": 0, "audio_end_ms": 10}
    error = talk.error("conversation.item.truncate", item_id=A1, **cut)
    assert error["code"] == "invalid_value"
