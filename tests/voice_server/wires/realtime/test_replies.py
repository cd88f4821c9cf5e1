"""Replies: which response an event belongs to, and how a response ends."""

import pytest

from tests.support.realtime import (
    AUDIO,
    CALLED,
    COMMITTED,
    SPOKEN,
    Talk,
    answering,
    asked_to_reply,
    frame,
    kinds,
)
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.pure


def test_the_servers_own_functions_are_not_shown() -> None:
    talk = Talk()
    told = talk.tell(
        ev.ReplyStarted(1, "vad", 1),
        ev.ToolCallWritten(1, "c", "clock", "{}", by_server=True),
        ev.ToolCalled(1, "c", "clock", "{}", by_server=True),
        ev.ItemAdded(ev.Item("x1", "tool_call", call="c"), None),
        ev.ReplyTextDone(1, ""),
        ev.ItemAdded(ev.Item("x2", "tool_result", call="c"), "x1"),
        ev.ItemAdded(ev.Item("mine", text="Hi"), "x2"),
    )
    assert kinds(told) == ["response.created", "response.done", *COMMITTED[1:]]
    assert told[-1]["previous_item_id"] is None


def test_a_spoken_message_and_a_function_call_are_two_items() -> None:
    talk = Talk()
    answering(talk)
    told = talk.tell(
        ev.ToolCallWritten(1, "c", "f", "{}"),
        ev.ToolCalled(1, "c", "f", "{}"),
        ev.ReplyTextDone(1, "Good day."),
        ev.AudioDone(1, 3360),
    )
    assert kinds(told) == [*CALLED, *SPOKEN]
    output = told[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call"]
    assert [one["output_index"] for one in told if "output_index" in one] == [1] * 4 + [0] * 4


def test_a_response_beside_the_conversation() -> None:
    talk = Talk()
    answering(talk)
    asked = asked_to_reply(
        talk.say("response.create", response={"conversation": "none", "metadata": {"topic": "x"}})
    )
    assert asked.aside
    told = talk.tell(
        ev.ReplyStarted(2, "request", None, asked, speaks=False),
        ev.ReplyText(2, "Weather"),
        ev.ReplyTextDone(2, "Weather"),
        ev.ReplyDone(2, "completed", "Weather", {}, {}),
        frame(1),
    )
    assert "conversation.item.added" not in kinds(told)
    assert kinds(told)[-2:] == ["response.done", AUDIO]
    response = told[-2]["response"]
    assert response["conversation_id"] is None
    assert response["metadata"] == {"topic": "x"}
    assert response["output_modalities"] == ["text"]


def test_a_language_model_that_fails_ends_the_response() -> None:
    talk = Talk()
    told = talk.tell(
        ev.ReplyStarted(1, "vad", 1),
        ev.ErrorRaised(ErrorCode.LLM_FAILED, "The endpoint does not answer."),
        ev.ReplyDone(1, "failed", "", {}, {}),
    )
    assert kinds(told) == ["response.created", "response.done"]
    details = told[-1]["response"]["status_details"]
    assert details["type"] == "failed"
    assert details["error"]["message"] == "The endpoint does not answer."


def test_an_answer_that_is_too_long_is_incomplete() -> None:
    talk = Talk()
    answering(talk)
    told = talk.tell(ev.ReplyTextDone(1, "Good day.", {}, cut=True), ev.AudioDone(1, 3360))
    assert told[-1]["response"]["status"] == "incomplete"
    assert told[-1]["response"]["status_details"]["reason"] == "max_output_tokens"


def test_half_a_function_call_is_closed() -> None:
    talk = Talk()
    told = talk.tell(
        ev.ReplyStarted(1, "vad", 1),
        ev.ToolCallWritten(1, "c", "f", '{"a'),
        ev.ReplyDone(1, "cancelled", "", {}, {}),
    )
    assert kinds(told)[-3:] == [
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
    ]
    assert told[-2]["item"]["status"] == "incomplete"


def test_what_was_stopped_is_not_completed() -> None:
    """Stopping goes in front of what waits to be sent, the end of the text among it."""
    talk = Talk()
    told = talk.tell(
        ev.ReplyStarted(1, "request", None, speaks=False),
        ev.ReplyText(1, "Good"),
        ev.PlaybackStopped(1, "cancel"),
        ev.ReplyTextDone(1, "Good"),
        ev.ReplyDone(1, "cancelled", "Good", {}, {}),
    )
    (done,) = [one["response"] for one in told if one["type"] == "response.done"]
    assert done["status"] == "cancelled"
