"""What strict clients refuse, rule by rule: that we never send it, and that `checked` would see it.

Three clients validate what they get, and one wrong literal silently ends a conversation with them.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import ValidationError

from tests.support.realtime import TRANSCRIBED, Talk, answering, checked, final
from voice_server import events as ev
from voice_server.closes import ErrorCode

pytestmark = pytest.mark.pure

Json = dict[str, Any]


def everything() -> list[Json]:
    """A conversation with every kind of event in it."""
    talk = Talk(session={"x_events": []})
    told = [*talk.created, *talk.obey(talk.say("session.update", session=TRANSCRIBED))]
    told += talk.tell(
        ev.SpeechStarted(1, 0, False),
        ev.PartialTranscript(1, 1, "Hello", "", "en"),
        ev.SpeechStopped(1, 500),
        final("Hello."),
        ev.SpeechStarted(2, 1000, False),
        ev.SpeechStopped(2, 1500),
        ev.ErrorRaised(ErrorCode.ASR_FAILED, "Too slow."),
        final("", turn=2),
    )
    told += answering(talk)
    told += talk.tell(
        ev.ToolCallWritten(1, "c", "f", "{}"),
        ev.ToolCalled(1, "c", "f", "{}"),
        ev.ReplyTextDone(1, "Good day."),
        ev.AudioDone(1, 3360),
        ev.ReplyDone(1, "completed", "", {}, {}),
    )
    told += answering(talk, 2)
    told += talk.tell(ev.PlaybackStopped(2, "barge_in"), ev.ReplyDone(2, "interrupted", "", {}, {}))
    return told


TOLD = everything()


def one(type: str) -> Json:
    return next(json.loads(json.dumps(message)) for message in TOLD if message["type"] == type)


def put(*path: str | int, value: object) -> Callable[[Json], None]:
    def change(message: Json) -> None:
        place: Any = message
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def without(*path: str | int) -> Callable[[Json], None]:
    def change(message: Json) -> None:
        place: Any = message
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


COMPLETED = "conversation.item.input_audio_transcription.completed"
FAILED = "conversation.item.input_audio_transcription.failed"
INPUT = ("session", "audio", "input")

RULES: dict[str, tuple[str, Callable[[Json], None]]] = {
    "an unknown type": ("session.created", put("type", value="x.metrics")),
    "another rate": ("session.created", put(*INPUT, "format", "rate", value=16_000)),
    "another turn detection": ("session.created", put(*INPUT, "turn_detection", "type", value="x")),
    "no interrupt_response": (
        "session.created",
        put(*INPUT, "turn_detection", "interrupt_response", value=None),
    ),
    "another reason": ("response.done", put("response", "status_details", "reason", value="x")),
    "a part of a wrong type": (
        "response.content_part.added",
        put("part", "type", value="output_audio"),
    ),
    "a null in a part": ("response.content_part.added", put("part", "text", value=None)),
    "a null in an item": ("conversation.item.added", put("item", "status", value=None)),
    "a call without a name": ("response.function_call_arguments.done", without("name")),
    "words without usage": (COMPLETED, without("usage")),
    "words without a place": (COMPLETED, without("content_index")),
    "a failure without a type": (FAILED, without("error", "type")),
    "a failure with nulls": (FAILED, put("error", "code", value=None)),
    "more about transcription": (
        "session.updated",
        put(*INPUT, "transcription", "delay", value="low"),
    ),
    "a voice that is an object": (
        "session.created",
        put("session", "audio", "output", "voice", value={"id": "a"}),
    ),
    "both modalities": (
        "session.created",
        put("session", "output_modalities", value=["audio", "text"]),
    ),
    "no predecessor": ("conversation.item.added", without("previous_item_id")),
    "a foreign id": ("session.created", put("event_id", value="7")),
    "too long": ("session.created", put("session", "instructions", value="x" * 300_000)),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_breach_would_be_seen(rule: str) -> None:
    type, breach = RULES[rule]
    message = one(type)
    checked(json.dumps(message))
    breach(message)
    with pytest.raises((AssertionError, ValidationError, KeyError)):
        checked(json.dumps(message))


def test_every_item_is_announced_before_anything_is_said_about_it() -> None:
    known: set[str] = set()
    early = {"input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"}
    early |= {"input_audio_buffer.committed"}
    for message in TOLD:
        if message["type"] in ("conversation.item.added", "response.output_item.added"):
            known.add(message["item"]["id"])
        elif "item_id" in message and message["type"] not in early:
            delta = message["type"].endswith("transcription.delta")
            assert delta or message["item_id"] in known, message["type"]


def test_a_function_call_is_done_when_its_item_is() -> None:
    done = [m["item"] for m in TOLD if m["type"] == "response.output_item.done"]
    assert [item["status"] for item in done if item["type"] == "function_call"] == ["completed"]
