"""The whole wire: the orders of events that clients rely on, and bytes that nobody should send."""

import base64
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import Codec
from tests.support.realtime import SESSION, VOICES, Talk, checked, inner, kinds
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Identity, SessionDefaults
from voice_server.naming import reply_item, turn_item

pytestmark = pytest.mark.pure

Json = dict[str, Any]

SEMANTIC = {"audio": {"input": {"turn_detection": {"type": "semantic_vad"}}}}
TRANSCRIBED = {"audio": {"input": {"transcription": {"model": "whisper-1"}}}}
BOTH = {"audio": {"input": {**SEMANTIC["audio"]["input"], **TRANSCRIBED["audio"]["input"]}}}
MANUAL = {"audio": {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}}
TENTH = base64.b64encode(bytes(4800)).decode()
"""Of a second."""

U1, A1 = turn_item(SESSION, 1), reply_item(SESSION, 1)

COMMITTED = [
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
OPENED = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
SPOKEN = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
]
CALLED = [
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "conversation.item.done",
    "response.output_item.done",
]
TRANSCRIPT, AUDIO = "response.output_audio_transcript.delta", "response.output_audio.delta"


def final(text: str, turn: int = 1) -> ev.FinalTranscript:
    return ev.FinalTranscript(turn, text, "en", 0.9, (), 800)


def frame(reply: int = 1, ms: int = 40) -> ev.AudioFrame:
    return ev.AudioFrame(reply, 0, np.ones(24 * ms, dtype=np.int16))


def reply_added(reply: int = 1, *, spoken: bool = True) -> ev.ItemAdded:
    id = reply_item(SESSION, reply)
    item = ev.Item(id, role="assistant", status="in_progress", spoken=spoken)
    return ev.ItemAdded(item, None)


def answering(talk: Talk, reply: int = 1, text: str = "Good day.") -> list[Json]:
    """An answer that is being spoken."""
    return talk.tell(
        ev.ReplyStarted(reply, "vad", 1),
        reply_added(reply),
        ev.ReplyText(reply, text),
        ev.AudioStarted(reply),
        frame(reply),
        frame(reply, 100),
    )


def asked_to_reply(events: list[ev.ClientEvent]) -> ev.ReplyRequested:
    (event,) = inner(events)
    assert isinstance(event, ev.ReplyRequested)
    return event


# Orders -------------------------------------------------------------------------------------------


def test_connecting() -> None:
    talk = Talk({"model": "gpt-realtime-2.1", "unknown": "ignored"})
    (created,) = talk.created
    assert created["type"] == "session.created"
    assert created["session"]["model"] == "gpt-realtime-2.1"
    assert created["session"]["expires_at"] == 1_800_003_600
    assert created["session"]["id"] == f"sess_{SESSION.removeprefix('ses_')}"
    (updated,) = talk.obey(talk.say("session.update", session={"type": "realtime", **SEMANTIC}))
    assert updated["type"] == "session.updated"
    assert updated["session"]["audio"]["input"]["turn_detection"] == {
        "type": "semantic_vad",
        "eagerness": "auto",
        "create_response": True,
        "interrupt_response": True,
    }


def test_an_update_before_the_session_is_ready_comes_after_it() -> None:
    talk = Talk()
    asked = talk.say("session.update", session={"instructions": "Be brief."})
    assert talk.created[0]["session"]["instructions"] == ""
    assert talk.obey(asked)[0]["session"]["instructions"] == "Be brief."


def test_a_spoken_turn_and_its_answer() -> None:
    talk = Talk(session=TRANSCRIBED)
    told = talk.tell(
        ev.SpeechStarted(1, 120, False),
        ev.PartialTranscript(1, 1, "What time", " is", "en"),
        ev.PartialTranscript(1, 2, "What time", " is it", "en"),
        ev.SpeechStopped(1, 900),
        final("What time is it?"),
        ev.ItemAdded(ev.Item(U1, text="What time is it?", spoken=True), None),
    )
    assert kinds(told) == [
        "input_audio_buffer.speech_started",
        "transcription.delta",
        "input_audio_buffer.speech_stopped",
        *COMMITTED,
        "transcription.delta",
        "transcription.completed",
    ]
    assert {message["item_id"] for message in told if "item_id" in message} == {U1}
    assert [message["delta"] for message in told if "delta" in message] == [
        "What time",
        " is it?",
    ]
    assert told[-1]["usage"] == {"type": "duration", "seconds": 0.8}
    assert told[4]["item"]["content"] == [{"type": "input_audio", "transcript": None}]

    answer = [*answering(talk), *talk.tell(ev.ReplyTextDone(1, "Good day.", {"prompt_tokens": 7}))]
    assert kinds(answer) == [*OPENED, TRANSCRIPT, AUDIO, AUDIO]
    assert answer[2]["previous_item_id"] == U1
    sent = b"".join(base64.b64decode(one["delta"]) for one in answer if one["type"] == AUDIO)
    assert len(sent) == 48 * 140
    end = talk.tell(ev.AudioDone(1, 3360))
    assert kinds(end) == SPOKEN
    response = end[-1]["response"]
    assert (response["status"], response["status_details"]) == ("completed", {"type": "completed"})
    assert response["usage"]["input_tokens"] == 7
    assert response["output"] == [end[3]["item"]]
    assert end[3]["item"]["content"] == [{"type": "output_audio", "transcript": "Good day."}]
    heard = ev.Item(A1, role="assistant", text="Good day.", spoken=True)
    assert talk.tell(ev.ItemChanged(heard), ev.ReplyDone(1, "completed", "", {}, {})) == []


def test_without_transcription_nobody_is_told_the_words() -> None:
    talk = Talk()
    told = talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.PartialTranscript(1, 1, "Hello", "", "en"),
        ev.SpeechStopped(1, 500),
        final("Hello."),
    )
    assert "transcription" not in " ".join(kinds(told))


def test_a_written_turn() -> None:
    talk = Talk()
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    asked = talk.say("conversation.item.create", item={**item, "id": "mine"})
    (inserted,) = inner(asked)
    assert inserted == ev.ItemInserted(ev.Item("mine", text="Hi"), None)
    told = [*talk.tell(ev.ItemAdded(ev.Item("mine", text="Hi"), None)), *talk.obey(asked)]
    assert kinds(told) == COMMITTED[1:]
    assert told[0]["item"]["content"] == [{"type": "input_text", "text": "Hi"}]
    request = asked_to_reply(
        talk.say(
            "response.create", response={"output_modalities": ["text"], "metadata": {"a": "b"}}
        )
    )
    assert (request.follows, request.speaks, request.aside) == (True, False, False)
    answer = talk.tell(
        ev.ReplyStarted(1, "request", None, request, speaks=False),
        reply_added(spoken=False),
        ev.ReplyText(1, "Hello"),
        ev.ReplyTextDone(1, "Hello"),
    )
    assert kinds(answer) == [
        *OPENED,
        "response.output_text.delta",
        "response.output_text.done",
        *SPOKEN[2:],
    ]
    assert {one["response"]["metadata"]["a"] for one in answer if "response" in one} == {"b"}


def test_a_manual_turn() -> None:
    talk = Talk(session=MANUAL)
    talk.say("input_audio_buffer.append", audio=TENTH)
    told = talk.tell(ev.SpeechStarted(1, 0, False))
    committed = talk.say("input_audio_buffer.commit")
    asked = talk.say("response.create")
    told += talk.tell(ev.SpeechStopped(1, 100))
    assert talk.obey(committed) == []
    assert talk.obey(asked) == []
    told += talk.tell(final("Hello."), ev.ReplyStarted(1, "request", 1, asked_to_reply(asked)))
    assert kinds(told) == [
        *COMMITTED,
        "transcription.delta",
        "transcription.completed",
        "response.created",
    ]


@pytest.mark.parametrize("said_first", [True, False])
def test_barge_in(said_first: bool) -> None:
    """Stopping goes in front of what waits to be sent, so it may come before the speech."""
    talk = Talk()
    answering(talk)
    speech: list[ev.ServerEvent] = [ev.SpeechStarted(2, 3000, True)]
    stop: list[ev.ServerEvent] = [ev.PlaybackStopped(1, "barge_in")]
    cut: list[ev.ServerEvent] = [
        ev.ReplyTruncated(1, "Good", " day.", 960, 40, "estimated"),
        ev.ItemChanged(ev.Item(A1, role="assistant", text="Good", status="incomplete")),
        ev.ReplyDone(1, "interrupted", "Good", {}, {}),
    ]
    told = talk.tell(*(speech + stop if said_first else stop + speech), frame(), *cut)
    assert kinds(told) == ["input_audio_buffer.speech_started", *SPOKEN]
    assert told[4]["item"]["status"] == "incomplete"
    response = told[-1]["response"]
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}

    asked = talk.say("conversation.item.truncate", item_id=A1, content_index=0, audio_end_ms=90)
    assert inner(asked) == [ev.ReplyClipped(1, 90)]
    (truncated,) = talk.obey(asked)
    assert truncated["type"] == "conversation.item.truncated"
    assert truncated["audio_end_ms"] == 90
    asked = talk.say("conversation.item.retrieve", item_id=A1)
    assert inner(asked) == [ev.ItemsWanted(A1)]
    heard = ev.Item(A1, role="assistant", text="Good", status="incomplete", spoken=True)
    (shown,) = talk.tell(ev.ItemsShown((heard,), one=True))
    assert shown["item"]["content"] == [{"type": "output_audio", "transcript": "Good"}]


def test_a_truncation_after_the_end_is_clamped_to_what_was_sent() -> None:
    talk = Talk()
    answering(talk)
    talk.tell(ev.ReplyTextDone(1, "Good day."), ev.AudioDone(1, 3360))
    asked = talk.say("conversation.item.truncate", item_id=A1, content_index=0, audio_end_ms=9999)
    assert inner(asked) == [ev.ReplyClipped(1, 140)]
    assert isinstance(asked[0], ev.Identified)
    refused = ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No such reply.", id=asked[0].id)
    (truncated,) = talk.tell(refused)
    assert truncated["audio_end_ms"] == 140


def test_a_sound_that_was_nothing_is_never_told() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    told = talk.tell(
        ev.SpeechStarted(2, 3000, True),
        ev.PlaybackPaused(1),
        ev.PartialTranscript(2, 1, "Mhm", "", "en"),
        ev.SpeechStopped(2, 3500),
        final("", turn=2),
        ev.PlaybackResumed(1),
    )
    assert told == []
    assert kinds(talk.tell(frame())) == [AUDIO]


def test_a_sound_that_was_somebody_is_told_before_the_answer_ends() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    assert talk.tell(ev.SpeechStarted(2, 3000, True), ev.PlaybackPaused(1)) == []
    told = talk.tell(
        ev.PlaybackStopped(1, "barge_in"), ev.ReplyDone(1, "interrupted", "Good", {}, {})
    )
    assert kinds(told) == ["input_audio_buffer.speech_started", *SPOKEN]
    assert told[0]["audio_start_ms"] == 3000


def test_who_speaks_when_the_answer_has_ended_is_told() -> None:
    talk = Talk(session=BOTH)
    answering(talk)
    talk.tell(ev.ReplyTextDone(1, "Good day."), ev.AudioDone(1, 3360))
    assert talk.tell(ev.SpeechStarted(2, 3000, True)) == []
    told = talk.tell(ev.ReplyDone(1, "completed", "", {}, {}))
    assert kinds(told) == ["input_audio_buffer.speech_started"]


def test_speech_over_an_answer_that_may_not_be_interrupted_is_told_at_once() -> None:
    quiet = {"type": "semantic_vad", "interrupt_response": False}
    talk = Talk(session={"audio": {"input": {"turn_detection": quiet}}})
    answering(talk)
    told = talk.tell(ev.SpeechStarted(2, 3000, True))
    assert kinds(told) == ["input_audio_buffer.speech_started"]


def test_the_client_interrupts() -> None:
    talk = Talk()
    (created, *_) = answering(talk)
    asked = talk.say("response.cancel", response_id=created["response"]["id"])
    assert inner(asked) == [ev.ReplyCancelled(1)]
    told = talk.tell(ev.PlaybackStopped(1, "cancel"), ev.ReplyDone(1, "cancelled", "", {}, {}))
    assert kinds(told) == SPOKEN
    assert told[-1]["response"]["status_details"]["reason"] == "client_cancelled"


def test_a_function_is_called() -> None:
    talk = Talk()
    called = ev.ToolCalled(1, "call_1", "weather", '{"city":"Ulm"}')
    told = talk.tell(
        ev.ReplyStarted(1, "vad", 1),
        ev.ToolCallWritten(1, "call_1", "weather", ""),
        ev.ToolCallWritten(1, "call_1", "weather", '{"city":"Ulm"}'),
        called,
        ev.ItemAdded(ev.Item("item_x1", "tool_call", text="{}", call="call_1"), None),
        ev.ReplyTextDone(1, ""),
    )
    assert kinds(told) == ["response.created", *CALLED, "response.done"]
    item = told[-2]["item"]
    assert (item["status"], item["arguments"]) == ("completed", '{"city":"Ulm"}')
    assert told[4]["name"] == "weather"
    assert told[-1]["response"]["output"] == [item]

    output = {"type": "function_call_output", "call_id": "call_1", "output": "Rain."}
    asked = talk.say("conversation.item.create", item={**output, "id": "result"})
    assert inner(asked) == [ev.ToolReturned("call_1", "Rain.", respond=False, id="result")]
    result = ev.Item("result", "tool_result", text="Rain.", call="call_1")
    told = talk.tell(ev.ItemAdded(result, "item_x1"))
    assert kinds(told) == COMMITTED[1:]
    assert told[0]["previous_item_id"] == item["id"]
    shown = talk.say("conversation.item.retrieve", item_id=item["id"])
    assert inner(shown) == [ev.ItemsWanted("item_x1")]


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


def test_a_transcription_session_at_its_end() -> None:
    """A client that has sent all of a file commits, clears, and waits for what is still owed."""
    talk = Talk({"intent": "transcription"})
    assert talk.options.mode == "transcription"
    assert talk.created[0]["session"]["type"] == "transcription"
    assert talk.created[0]["session"]["object"] == "realtime.transcription_session"
    (updated,) = talk.obey(talk.say("session.update", session={"type": "transcription", **BOTH}))
    assert set(updated["session"]) == {"type", "object", "id", "expires_at", "include", "audio"}
    told = talk.tell(ev.SpeechStarted(1, 0, False), ev.SpeechStopped(1, 500))
    assert kinds(told)[2:] == COMMITTED
    for _ in range(2):
        talk.say("input_audio_buffer.append", audio=TENTH)
    commit = talk.say("input_audio_buffer.commit", event_id="last")
    clear = talk.say("input_audio_buffer.clear")
    assert isinstance(commit[0], ev.Identified)
    refused = ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No speech.", id=commit[0].id)
    told = [*talk.tell(refused), *talk.obey(clear), *talk.tell(final("Hello."))]
    assert kinds(told) == [
        "error",
        "input_audio_buffer.cleared",
        "transcription.delta",
        "transcription.completed",
    ]
    assert told[0]["error"]["code"] == "input_audio_buffer_commit_empty"
    assert told[0]["error"]["event_id"] == "last"


def test_a_commit_and_a_clear_at_once() -> None:
    talk = Talk({"intent": "transcription"}, session=MANUAL)
    talk.tell(ev.SpeechStarted(1, 0, False))
    talk.say("input_audio_buffer.append", audio=TENTH)
    commit, clear = talk.say("input_audio_buffer.commit"), talk.say("input_audio_buffer.clear")
    told = talk.tell(ev.SpeechStopped(1, 500))
    told += [*talk.obey(commit), *talk.obey(clear), *talk.tell(final(""))]
    assert kinds(told) == [*COMMITTED, "input_audio_buffer.cleared", "transcription.completed"]


def test_a_turn_that_is_taken_back_leaves_nothing() -> None:
    talk = Talk(session=MANUAL)
    talk.tell(ev.SpeechStarted(1, 0, False))
    clear = talk.say("input_audio_buffer.clear")
    told = [*talk.tell(ev.SpeechStopped(1, 500), final("")), *talk.obey(clear)]
    assert kinds(told) == ["input_audio_buffer.cleared"]


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


def test_audio_in_an_item_is_heard_as_a_turn_of_its_own() -> None:
    talk = Talk()
    content = [{"type": "input_audio", "audio": base64.b64encode(bytes(48_000)).decode()}]
    item = {"type": "message", "role": "user", "content": content, "id": "mine"}
    asked = talk.say("conversation.item.create", item=item)
    quiet, heard, commit, restore = inner(asked)
    assert isinstance(quiet, ev.ConfigChanged)
    assert quiet.config.turn["mode"] == "manual"
    assert heard == ev.AudioReceived(bytes(48_000))
    assert commit == ev.AudioCommitted()
    assert isinstance(restore, ev.ConfigChanged)
    assert restore.config.turn["mode"] == "vad"
    told = talk.obey(asked[:1])
    told += talk.tell(ev.SpeechStarted(1, 0, False), ev.SpeechStopped(1, 1000))
    told += talk.obey(asked[2:])
    said = ev.Item(U1, text="Hello.", spoken=True)
    told += talk.tell(final("Hello."), ev.ItemAdded(said, None))
    assert kinds(told) == COMMITTED[1:]
    assert told[0]["item"]["id"] == "mine"
    retrieve = talk.say("conversation.item.retrieve", item_id="mine")
    assert inner(retrieve) == [ev.ItemsWanted(U1)]
    assert talk.tell(ev.ItemsShown((said,), one=True))[0]["item"]["id"] == "mine"


# Failures -----------------------------------------------------------------------------------------


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


def test_a_recogniser_that_fails_fails_the_turn() -> None:
    talk = Talk(session=TRANSCRIBED)
    told = talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.SpeechStopped(1, 500),
        ev.ErrorRaised(ErrorCode.ASR_FAILED, "Too slow."),
        final(""),
    )
    assert kinds(told)[-1] == "transcription.failed"
    assert told[-1]["error"] == {"type": "server_error", "message": "Too slow."}


def test_a_session_expires() -> None:
    talk = Talk()
    (told,) = talk.tell(ev.ErrorRaised(ErrorCode.MAX_SESSION, "Over.", fatal=True))
    assert told["error"]["code"] == "session_expired"
    assert told["error"]["message"] == "Your session hit the maximum duration of 60 minutes."


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


def test_what_the_conversation_refuses_is_undone() -> None:
    talk = Talk()
    asked = talk.say("session.update", event_id="mine", session={"instructions": "Be brief."})
    assert isinstance(asked[0], ev.Identified)
    (error,) = talk.tell(ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No.", id=asked[0].id))
    assert error["error"]["event_id"] == "mine"
    (updated,) = talk.obey(talk.say("session.update", session={}))
    assert updated["session"]["instructions"] == ""


# Audio --------------------------------------------------------------------------------------------


def test_audio_is_written_in_the_format_that_was_confirmed() -> None:
    talk = Talk(session={"audio": {"output": {"format": {"type": "audio/pcmu"}}}})
    answering(talk)
    (told,) = talk.tell(ev.AudioFrame(1, 0, np.zeros(160, dtype=np.int16)))
    assert len(base64.b64decode(told["delta"])) == 160


def test_the_formats_of_a_telephone() -> None:
    talk = Talk()
    ulaw = {"format": {"type": "audio/pcmu"}}
    formats, config = inner(
        talk.say("session.update", session={"audio": {"input": ulaw, "output": ulaw}})
    )
    assert isinstance(formats, ev.FormatsChanged)
    assert (formats.input, formats.output_codec, formats.output_rate) == (
        formats.input,
        Codec.PCMU,
        8000,
    )
    assert isinstance(config, ev.ConfigChanged)


@given(st.binary(max_size=200))
def test_audio_passes_as_it_is(data: bytes) -> None:
    """Cut anywhere, also inside a sample: what is left over belongs to the next message."""
    audio = base64.b64encode(data).decode()
    expected = [ev.AudioReceived(data)] if data else []
    assert Talk().say("input_audio_buffer.append", audio=audio) == expected


def test_a_whole_recording_in_one_message() -> None:
    audio = bytes(15 * 1024 * 1024)
    (event,) = Talk().say("input_audio_buffer.append", audio=base64.b64encode(audio).decode())
    assert event == ev.AudioReceived(audio)


# Whatever comes -----------------------------------------------------------------------------------

DEEP = 100_000
TYPES = (
    *("session.update", "input_audio_buffer.append", "input_audio_buffer.commit"),
    *("input_audio_buffer.clear", "conversation.item.create", "conversation.item.retrieve"),
    *("conversation.item.delete", "conversation.item.truncate", "response.create"),
    *("response.cancel", "output_audio_buffer.clear", "no.such.event"),
)
CRUEL: tuple[str | bytes, ...] = (
    *("", "null", "[]", "{}", "\x00", "\ud83d", "{", '{"type":1}', '{"type":null}'),
    "[" * DEEP,
    '{"a":' * DEEP,
    '{"type":"session.update","session":' + "[" * DEEP + "]" * DEEP + "}",
    '{"type":"input_audio_buffer.append","audio":"?"}',
    '{"type":"input_audio_buffer.append","audio":"AAA"}',
    '{"type":"input_audio_buffer.append","audio":null}',
    '{"type":"conversation.item.truncate","item_id":"a","audio_end_ms":' + "9" * 400 + "}",
    '{"type":"response.create","response":{"metadata":{"a":1}}}',
    b"",
    b"\x00\x01",
)


@pytest.mark.parametrize("data", CRUEL, ids=[f"cruel{index}" for index in range(len(CRUEL))])
def test_nonsense_is_refused(data: str | bytes) -> None:
    talk = Talk()
    (refused,) = talk.wire.receive(data)
    assert isinstance(refused, ev.MessageRefused)
    assert not refused.fatal
    assert kinds(talk.obey([refused])) == ["error"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3)
    ),
    max_leaves=6,
)
fields = st.sampled_from(
    [
        *("event_id", "session", "audio", "item", "previous_item_id", "item_id", "response"),
        *("content_index", "audio_end_ms", "response_id"),
    ]
)


@given(st.sampled_from(TYPES), st.dictionaries(fields, json_values, max_size=4), st.booleans())
def test_nothing_raises(type: str, message: Json, is_beta: bool) -> None:
    talk = Talk(is_beta=is_beta)
    for _ in range(2):
        talk.obey(talk.wire.receive(json.dumps({"type": type, **message})))


@given(st.text(max_size=60) | st.binary(max_size=60))
def test_nothing_raises_on_any_bytes(data: str | bytes) -> None:
    talk = Talk()
    talk.obey(talk.wire.receive(data))


def test_half_an_emoji_is_sent() -> None:
    talk = Talk()
    talk.tell(ev.ReplyStarted(1, "vad", None))
    (_, _, _, text) = talk.wire.send(ev.ReplyText(1, "\ud83d"), 0)
    assert checked(text)["delta"] == "\ud83d"


def test_ids_never_come_twice() -> None:
    talk = Talk(session=TRANSCRIBED)
    told = [*talk.created, *answering(talk), *talk.tell(ev.ReplyDone(1, "completed", "", {}, {}))]
    told += answering(talk, 2)
    ids = [message["event_id"] for message in told]
    assert len(set(ids)) == len(ids)
    responses = [one["response"]["id"] for one in told if one["type"] == "response.created"]
    assert len(set(responses)) == 2


# Who connects -------------------------------------------------------------------------------------


def introduced(realtime: Json) -> Talk:
    talk = Talk()
    who = Identity("u", "client_secret", session=SessionDefaults(realtime=realtime))
    talk.wire.introduce(who)
    return talk


def test_a_session_begins_as_its_credential_says() -> None:
    talk = introduced({"type": "realtime", "instructions": "Be kind.", "model": "mine"})
    (opened,) = talk.wire.greet()
    assert isinstance(opened, ev.SessionOpened)
    assert opened.options.config.instructions == "Be kind."
    (created,) = talk.tell(ev.SessionReady(SESSION, opened.options, {}, {}, {}))
    assert created["session"]["instructions"] == "Be kind."
    assert created["session"]["model"] == "mine"


def test_the_url_can_name_a_voice() -> None:
    talk = Talk({"voice": VOICES[1].id, "temperature": "0.5"})
    assert talk.options.config.voice == VOICES[1].id
    assert talk.options.config.temperature == 0.5


def test_a_voice_in_the_url_that_does_not_exist_is_told_and_the_default_speaks() -> None:
    talk = Talk({"voice": "nobody"})
    (told,) = talk.obey(talk.refused)
    assert told["error"]["param"] == "session.audio.output.voice"
    assert talk.options.config.voice == VOICES[0].id
