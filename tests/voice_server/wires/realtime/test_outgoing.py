"""What comes back to a client: answers to its errands, failures, silences."""

import pytest

from tests.support.realtime import (
    COMMITTED,
    TENTH,
    Talk,
    kinds,
)
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.pure


def test_what_the_conversation_refuses_is_undone() -> None:
    talk = Talk()
    asked = talk.say("session.update", event_id="mine", session={"instructions": "Be brief."})
    assert isinstance(asked[0], ev.Identified)
    (error,) = talk.tell(ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No.", id=asked[0].id))
    assert error["error"]["event_id"] == "mine"
    (updated,) = talk.obey(talk.say("session.update", session={}))
    assert updated["session"]["instructions"] == ""


def test_a_session_expires() -> None:
    talk = Talk()
    (told,) = talk.tell(ev.ErrorRaised(ErrorCode.MAX_SESSION, "Over.", fatal=True))
    assert told["error"]["code"] == "session_expired"
    assert told["error"]["message"] == "Your session hit the maximum duration of 60 minutes."


def test_nobody_speaks_for_long() -> None:
    vad = {"type": "server_vad", "idle_timeout_ms": 5000}
    talk = Talk(
        session={"audio": {"input": {"turn_detection": vad, "transcription": {"model": "a"}}}}
    )
    for _ in range(60):
        talk.say("input_audio_buffer.append", audio=TENTH)
    told = talk.tell(ev.Noticed("user_idle"))
    wish, _ = talk.say("input_audio_buffer.append", audio=TENTH)
    assert wish == ev.ReplyRequested(follows=True)
    told += talk.tell(ev.ReplyStarted(1, "request", None, wish))
    assert kinds(told) == [
        "input_audio_buffer.timeout_triggered",
        *COMMITTED,
        "transcription.completed",
        "response.created",
    ]
    assert (told[0]["audio_start_ms"], told[0]["audio_end_ms"]) == (1000, 6000)
    (shown,) = talk.obey(talk.say("conversation.item.retrieve", item_id=told[0]["item_id"]))
    assert shown["item"]["content"] == [{"type": "input_audio", "transcript": ""}]


def test_an_update_before_the_session_is_ready_comes_after_it() -> None:
    talk = Talk()
    asked = talk.say("session.update", session={"instructions": "Be brief."})
    assert talk.created[0]["session"]["instructions"] == ""
    assert talk.obey(asked)[0]["session"]["instructions"] == "Be brief."
