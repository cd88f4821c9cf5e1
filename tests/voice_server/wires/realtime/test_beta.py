"""The beta dialect: the same conversation under other names."""

import base64
from typing import Any

import pytest

from tests.support.realtime import TENTH, Talk, answering, final, inner, kinds
from voice_server import events as ev
from voice_server.wires.realtime.beta import incoming, outgoing, session_in

pytestmark = pytest.mark.pure

Json = dict[str, Any]


def test_a_flat_session_is_nested() -> None:
    flat = {
        "modalities": ["text"],
        "voice": "alloy",
        "speed": 1.2,
        "input_audio_format": "g711_ulaw",
        "output_audio_format": "pcm16",
        "input_audio_transcription": None,
        "turn_detection": {"type": "server_vad"},
        "max_response_output_tokens": 10,
        "instructions": "x",
    }
    assert session_in(flat) == {
        "output_modalities": ["text"],
        "max_output_tokens": 10,
        "instructions": "x",
        "audio": {
            "input": {
                "format": {"type": "audio/pcmu"},
                "transcription": None,
                "turn_detection": {"type": "server_vad"},
            },
            "output": {
                "voice": "alloy",
                "speed": 1.2,
                "format": {"type": "audio/pcm", "rate": 24_000},
            },
        },
    }


def test_a_session_as_the_beta_shows_it() -> None:
    talk = Talk(is_beta=True)
    session = talk.created[0]["session"]
    assert session["modalities"] == ["text", "audio"]
    assert (session["input_audio_format"], session["output_audio_format"]) == ("pcm16", "pcm16")
    assert session["turn_detection"]["silence_duration_ms"] == 200
    assert session["max_response_output_tokens"] == "inf"
    assert "audio" not in session
    (updated,) = talk.obey(talk.say("session.update", session={"voice": "ash", "temperature": 0.8}))
    assert (updated["session"]["voice"], updated["session"]["temperature"]) == ("ash", 0.8)


def test_a_transcription_session_as_the_beta_knows_it() -> None:
    talk = Talk({"intent": "transcription"}, is_beta=True)
    assert kinds(talk.created) == ["transcription_session.created"]
    asked = talk.say("transcription_session.update", session={"turn_detection": None})
    (updated,) = talk.obey(asked)
    assert updated["type"] == "transcription_session.updated"
    assert updated["session"]["turn_detection"] is None


def test_an_answer_as_the_beta_tells_it() -> None:
    talk = Talk(is_beta=True)
    told = [*answering(talk), *talk.tell(ev.ReplyTextDone(1, "Good day."), ev.AudioDone(1, 3360))]
    assert kinds(told) == [
        "response.created",
        "response.output_item.added",
        "conversation.item.created",
        "response.content_part.added",
        "response.audio_transcript.delta",
        "response.audio.delta",
        "response.audio.delta",
        "response.audio.done",
        "response.audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.done",
    ]
    response = told[-1]["response"]
    assert response["output"][0]["content"] == [{"type": "audio", "transcript": "Good day."}]
    assert (response["modalities"], response["voice"]) == (["text", "audio"], "marin")
    assert len(base64.b64decode(told[5]["delta"])) == 48 * 40


def test_a_turn_as_the_beta_tells_it() -> None:
    talk = Talk(is_beta=True)
    told = talk.tell(ev.SpeechStarted(1, 0, False), ev.SpeechStopped(1, 500), final("Hi."))
    assert kinds(told)[2:] == ["input_audio_buffer.committed", "conversation.item.created"]


def test_audio_comes_as_everywhere() -> None:
    talk = Talk(is_beta=True)
    (event,) = inner(talk.say("input_audio_buffer.append", audio=TENTH))
    assert event == ev.AudioReceived(bytes(4800))


def test_a_request_is_nested_too() -> None:
    asked = {"type": "response.create", "response": {"modalities": ["text"], "voice": "ash"}}
    assert incoming(asked)["response"] == {
        "output_modalities": ["text"],
        "audio": {"output": {"voice": "ash"}},
    }


def test_what_the_beta_does_not_have_is_not_told() -> None:
    assert outgoing({"type": "conversation.item.done", "item": {}}) is None
