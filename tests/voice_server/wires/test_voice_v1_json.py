"""Every server event has the name and the fields of the protocol, and is valid JSON."""

import dataclasses
import json
from typing import Any, get_args

import numpy as np
import pytest

from audio.formats import AudioFormat, Codec
from models.asr import Word
from voice_server import __version__
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.wires import messages as msg
from voice_server.wires.voice_v1 import FEATURES
from voice_server.wires.voice_v1_json import render

pytestmark = pytest.mark.pure

ALL = ev.SessionOptions(features=FEATURES)

READY = ev.SessionReady(
    session="ses_1",
    options=ev.SessionOptions(
        input=AudioFormat(Codec.PCMU, 8_000), output_codec=Codec.PCMA, output_rate=8_000
    ),
    config={"language": None},
    engines={"asr": "scripted"},
    limits={"message_bytes_max": 65_552},
    notices=("Speak slowly.",),
)

TABLE: list[tuple[ev.ServerEvent, dict[str, Any]]] = [
    (
        READY,
        {
            "type": "ready",
            "protocol": 1,
            "session": "ses_1",
            "resumed": False,
            "mode": "conversation",
            "audio": {
                "framing": "framed",
                "input": {"codec": "pcmu", "rate": 8_000, "channels": 1},
                "output": {"codec": "pcma", "rate": 8_000, "channels": 1},
            },
            "limits": {"message_bytes_max": 65_552},
            "config": {"language": None},
            "models": {"asr": "scripted"},
            "notices": ["Speak slowly."],
            "features": [],
            "server": {"name": "voice-server", "version": __version__},
        },
    ),
    (
        ev.StateChanged(ev.ConversationState.THINKING),
        {"type": "state", "state": "thinking"},
    ),
    (
        ev.LevelMeasured(-12.345, True),
        {"type": "level", "dbfs": -12.3, "voice": True},
    ),
    (
        ev.SpeechStarted(3, 1500, during_reply=True),
        {
            "type": "speech.started",
            "item": "turn_3",
            "ms": 1500,
            "pos": 24_000,
            "during_output": True,
        },
    ),
    (
        ev.SpeechStopped(3, 2000),
        {"type": "speech.stopped", "item": "turn_3", "ms": 2000, "pos": 32_000},
    ),
    (
        ev.PartialTranscript(3, 2, "turn on", "the lie", "en"),
        {
            "type": "transcript.partial",
            "item": "turn_3",
            "rev": 2,
            "stable": "turn on",
            "unstable": "the lie",
            "lang": "en",
        },
    ),
    (
        ev.FinalTranscript(3, "Light.", "en", 0.98765, (Word("Light.", 20, 400, 0.91234),), 480),
        {
            "type": "transcript.final",
            "item": "turn_3",
            "text": "Light.",
            "lang": "en",
            "confidence": 0.988,
            "duration_ms": 480,
            "words": [{"w": "Light.", "start_ms": 20, "end_ms": 400, "p": 0.912}],
        },
    ),
    (
        ev.FinalTranscript(4, "", "en", 1.0, (), 480),
        {
            "type": "transcript.final",
            "item": "turn_4",
            "text": "",
            "lang": "en",
            "confidence": 1.0,
            "duration_ms": 480,
            "words": [],
            "empty": True,
        },
    ),
    (
        ev.ReplyStarted(7, "vad", 3),
        {
            "type": "response.started",
            "response": "resp_7",
            "stream": 7,
            "item": "reply_7",
            "cause": "vad",
            "reply_to": "turn_3",
        },
    ),
    (
        ev.ReplyStarted(8, "say", None),
        {
            "type": "response.started",
            "response": "resp_8",
            "stream": 8,
            "item": "reply_8",
            "cause": "say",
            "reply_to": None,
        },
    ),
    (ev.ReplyText(7, "The"), {"type": "text.delta", "response": "resp_7", "text": "The"}),
    (
        ev.ReplyTextDone(7, "The end"),
        {"type": "text.done", "response": "resp_7", "text": "The end"},
    ),
    (
        ev.ReplyStarted(9, "request", None, ev.ReplyRequested(tag='{"a":"b"}'), speaks=False),
        {
            "type": "response.started",
            "response": "resp_9",
            "stream": 9,
            "item": "reply_9",
            "cause": "request",
            "reply_to": None,
            "modalities": ["text"],
            "metadata": {"a": "b"},
        },
    ),
    (
        ev.ToolCalled(7, "call_1", "look", '{"where":"up"}'),
        {
            "type": "tool.call",
            "response": "resp_7",
            "call": "call_1",
            "name": "look",
            "args": {"where": "up"},
            "by": "client",
        },
    ),
    (
        ev.ToolCalled(7, "call_2", "look", '{"where":', by_server=True),
        {
            "type": "tool.call",
            "response": "resp_7",
            "call": "call_2",
            "name": "look",
            "args": '{"where":',
            "by": "server",
        },
    ),
    (
        ev.ItemAdded(ev.Item("item_1", text="Hi."), "item_0"),
        {
            "type": "item.added",
            "item": {
                "id": "item_1",
                "kind": "message",
                "status": "completed",
                "role": "user",
                "text": "Hi.",
            },
            "after": "item_0",
        },
    ),
    (
        ev.ItemChanged(ev.Item("item_2", "tool_call", text="{}", name="look", call="call_1")),
        {
            "type": "item.changed",
            "item": {
                "id": "item_2",
                "kind": "tool_call",
                "status": "completed",
                "call": "call_1",
                "name": "look",
                "args": "{}",
            },
        },
    ),
    (ev.ItemRemoved("item_2"), {"type": "item.removed", "item": "item_2"}),
    (
        ev.ItemsShown((ev.Item("item_3", "tool_result", text="Dark.", call="call_1"),), one=False),
        {
            "type": "history",
            "items": [
                {
                    "id": "item_3",
                    "kind": "tool_result",
                    "status": "completed",
                    "call": "call_1",
                    "output": "Dark.",
                }
            ],
        },
    ),
    (ev.AudioStarted(7), {"type": "audio.started", "stream": 7}),
    (
        ev.AudioMarked(7, 480, 960, 4, 7, True),
        {
            "type": "audio.mark",
            "stream": 7,
            "pos": 480,
            "end_pos": 960,
            "chars": [4, 7],
            "level": "word",
            "exact": True,
        },
    ),
    (ev.AudioDone(7, 960), {"type": "audio.done", "stream": 7, "total_samples": 960}),
    (
        ev.PlaybackPaused(7),
        {"type": "playback.pause", "stream": 7, "reason": "barge_in"},
    ),
    (
        ev.PlaybackResumed(7),
        {"type": "playback.resume", "stream": 7, "reason": "false_alarm"},
    ),
    (
        ev.PlaybackStopped(7, "cancel"),
        {"type": "playback.stop", "stream": 7, "reason": "cancel"},
    ),
    (
        ev.ReplyTruncated(7, "The", "end", 480, 20, "reported"),
        {
            "type": "response.truncated",
            "response": "resp_7",
            "item": "reply_7",
            "heard": "The",
            "unheard": "end",
            "pos": 480,
            "ms": 20,
            "basis": "reported",
        },
    ),
    (
        ev.TurnMeasured(7, 3, {"asr_ms": 60.0}),
        {"type": "metrics", "response": "resp_7", "item": "turn_3", "metrics": {"asr_ms": 60.0}},
    ),
    (
        ev.ReplyDone(7, "interrupted", "The", {"output_tokens": 2}, {"asr_ms": 60.0}),
        {
            "type": "response.done",
            "response": "resp_7",
            "status": "interrupted",
            "text": "The",
            "usage": {"output_tokens": 2},
            "metrics": {"asr_ms": 60.0},
        },
    ),
    (ev.ConfigConfirmed({"speed": 1.5}), {"type": "config", "config": {"speed": 1.5}}),
    (
        ev.InputFlow(16_000, 9_000),
        {"type": "flow", "input": "ok", "acked_pos": 16_000, "credit_ms": 9_000},
    ),
    (ev.MessageAcknowledged("a"), {"type": "ack", "id": "a"}),
    (ev.Ponged(1.5, 99.0), {"type": "pong", "t": 1.5, "server_t": 99.0}),
    (
        ev.Noticed("idle_soon", in_s=0),
        {"type": "notice", "code": "idle_soon", "in_s": 0},
    ),
    (
        ev.Noticed("input_gap", detail="160 samples are missing"),
        {"type": "notice", "code": "input_gap", "detail": "160 samples are missing"},
    ),
    (
        ev.ErrorRaised(ErrorCode.BAD_REQUEST, "No.", id="a"),
        {"type": "error", "code": "bad_request", "message": "No.", "fatal": False, "id": "a"},
    ),
    (
        ev.ErrorRaised(ErrorCode.IDLE_TIMEOUT, "Bye.", fatal=True, retry_after_s=3),
        {
            "type": "error",
            "code": "idle_timeout",
            "message": "Bye.",
            "fatal": True,
            "retry_after_ms": 3000,
        },
    ),
    (
        ev.GoingAway("drain"),
        {"type": "going_away", "reason": "drain", "reconnect_in_ms": 1000, "resume": False},
    ),
]

ONLY_IF_ASKED: dict[type[Any], str] = {
    ev.StateChanged: "state",
    ev.LevelMeasured: "levels",
    ev.PartialTranscript: "partials",
    ev.AudioMarked: "marks",
    ev.PlaybackPaused: "pause",
    ev.PlaybackResumed: "pause",
    ev.TurnMeasured: "metrics",
    ev.ItemAdded: "items",
    ev.ItemChanged: "items",
    ev.ItemRemoved: "items",
}
"""The feature that each of these events belongs to."""

NEVER = (ev.ToolCallWritten, ev.FormatsConfirmed)
"""Events that other protocols need."""

each_event = pytest.mark.parametrize(
    ("event", "message"), TABLE, ids=[message["type"] for _, message in TABLE]
)


def sent(event: ev.ServerEvent, options: ev.SessionOptions) -> Any:
    """As the client parses it."""
    message = render(event, options)
    return None if message is None else json.loads(msg.encode(message))


@each_event
def test_an_event_looks_as_the_protocol_says(event: ev.ServerEvent, message: Any) -> None:
    assert sent(event, ALL) == message


def test_the_table_holds_every_event() -> None:
    listed = {type(event) for event, _ in TABLE}
    assert listed == set(get_args(ev.ServerEvent)) - {ev.AudioFrame, *NEVER}


def test_what_this_protocol_has_no_message_for_is_not_sent() -> None:
    assert sent(ev.ToolCallWritten(7, "call_1", "look", "{"), ALL) is None
    formats = ev.FormatsConfirmed(ALL.input, ALL.output_codec, ALL.output_rate)
    assert sent(formats, ALL) is None


@each_event
def test_what_was_not_asked_for_is_not_sent(event: ev.ServerEvent, message: Any) -> None:
    feature = ONLY_IF_ASKED.get(type(event))
    assert (render(event, ev.SessionOptions()) is None) is (feature is not None)
    if feature:
        alone = dataclasses.replace(ALL, features=frozenset({feature}))
        others = dataclasses.replace(ALL, features=FEATURES - {feature})
        assert sent(event, alone) == message
        assert render(event, others) is None


def test_every_feature_does_something() -> None:
    assert {*ONLY_IF_ASKED.values(), "word_times", "resume"} == FEATURES


def test_words_come_if_asked_for() -> None:
    final = ev.FinalTranscript(1, "Hi.", "en", 1.0, (Word("Hi.", 0, 1, 1.0),), 480)
    assert "words" not in sent(final, ev.SessionOptions())


def test_positions_are_at_the_rate_of_the_microphone() -> None:
    options = ev.SessionOptions(input=AudioFormat(Codec.PCM_S16LE, 44_100))
    assert sent(ev.SpeechStopped(1, 1000), options)["pos"] == 44_100


def test_raw_framing_and_features_are_confirmed() -> None:
    options = dataclasses.replace(ALL, framed=False)
    ready = sent(dataclasses.replace(READY, options=options), options)
    assert ready["audio"]["framing"] == "raw"
    assert ready["features"] == sorted(FEATURES)


def test_audio_has_no_json() -> None:
    with pytest.raises(TypeError, match="binary"):
        render(ev.AudioFrame(1, 0, np.zeros(1, np.int16)), ALL)
