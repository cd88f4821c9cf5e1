"""The whole wire: the orders of events that clients rely on, and bytes that nobody should send."""

import base64
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio.formats import Codec
from tests.support.realtime import (
    A1,
    AUDIO,
    BOTH,
    CALLED,
    COMMITTED,
    MANUAL,
    OPENED,
    SEMANTIC,
    SESSION,
    SPOKEN,
    TENTH,
    TRANSCRIBED,
    TRANSCRIPT,
    U1,
    VOICES,
    Json,
    Talk,
    answering,
    asked_to_reply,
    checked,
    final,
    frame,
    inner,
    kinds,
    reply_added,
)
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Identity, SessionDefaults

pytestmark = pytest.mark.pure


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
    assert talk.created[0]["session"]["audio"]["output"]["voice"] == "marin"
