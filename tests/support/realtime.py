"""The client's side of the Realtime protocol: what it sends, and a strict reading of what it gets.

Every message is validated by the types of the `openai` package, and then by what other clients
refuse besides. All tests of the wire, and those over sockets, read through `checked`.
"""

import base64
import json
from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from openai.types.realtime import RealtimeServerEvent
from pydantic import Field, TypeAdapter

from models.tts import Voice
from voice_server import events as ev
from voice_server.naming import reply_item, turn_item
from voice_server.wires.realtime.configuration import Surroundings
from voice_server.wires.realtime.wire import RealtimeWire

Json = dict[str, Any]

MESSAGE_BYTES_MAX = 262_144
SESSION = "ses_0123456789abcdef01234567"
OPENED_S = 1_800_000_000
VOICES = (Voice("en-us", "en-US"), Voice("de", "de"))
AROUND = Surroundings(voices=VOICES)

_GA: TypeAdapter[Any] = TypeAdapter(Annotated[RealtimeServerEvent, Field(discriminator="type")])

_MAY_BE_NULL = {
    *("previous_item_id", "transcript", "audio", "text", "output", "code", "param", "event_id"),
    *("conversation_id", "status_details", "usage", "metadata", "include", "prompt", "tracing"),
    *("noise_reduction", "transcription", "turn_detection", "idle_timeout_ms", "max_output_tokens"),
}
_TRANSCRIPTION_KEYS = {"model", "language", "prompt"}


def checked(text: str | bytes) -> Json:
    """A message of the server's, if every client takes it."""
    assert isinstance(text, str)
    assert len(text.encode()) < MESSAGE_BYTES_MAX
    message: Json = json.loads(text)
    assert message["event_id"].startswith("event_")
    _GA.validate_python(message)
    _check_nulls(message)
    _check_kind(message)
    return message


def _check_nulls(message: Json) -> None:
    nulls = {key for key, value in _fields(message) if value is None}
    assert nulls <= _MAY_BE_NULL, (message["type"], nulls - _MAY_BE_NULL)


def _fields(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key, inner
            yield from _fields(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _fields(inner)


def _check_kind(message: Json) -> None:
    kind = message["type"]
    if kind.startswith("session."):
        _check_session(message["session"])
    if kind.startswith("response.content_part."):
        part = message["part"]
        assert set(part) in ({"type", "transcript"}, {"type", "text"})
        assert None not in part.values()
    if kind.endswith("input_audio_transcription.completed"):
        assert {"content_index", "transcript", "usage"} <= set(message)
        assert message["usage"]["type"] == "duration"
    if kind.endswith("input_audio_transcription.failed"):
        assert all(isinstance(message["error"][key], str) for key in ("type", "message"))
        assert None not in message["error"].values()
    if kind == "response.function_call_arguments.done":
        assert message["name"]
    if kind.startswith("conversation.item.") and kind.endswith((".added", ".done")):
        assert "previous_item_id" in message


def _check_session(session: Json) -> None:
    assert session["id"].startswith("sess_")
    sides = session["audio"].values()
    assert all("rate" not in side["format"] or side["format"]["rate"] for side in sides)
    transcription = session["audio"]["input"]["transcription"]
    assert transcription is None or set(transcription) <= _TRANSCRIPTION_KEYS
    detection = session["audio"]["input"]["turn_detection"]
    if detection is not None and session["type"] == "realtime":
        assert isinstance(detection["interrupt_response"], bool)
        assert isinstance(detection["create_response"], bool)
    if session["type"] == "realtime":
        assert session["output_modalities"] in (["audio"], ["text"])
        assert isinstance(session["audio"]["output"]["voice"], str)


class Talk:
    """One wire, with us as its client and as its session."""

    def __init__(
        self,
        query: dict[str, str] | None = None,
        *,
        session: Json | None = None,
        is_beta: bool = False,
        strict: bool = True,
    ) -> None:
        """`session` is an update that is sent and obeyed at once."""
        self.wire = RealtimeWire(query or {}, AROUND, key="k", opened_s=OPENED_S, is_beta=is_beta)
        self._strict = strict and not is_beta
        (opened, *self.refused) = self.wire.greet()
        assert isinstance(opened, ev.SessionOpened)
        self.options = opened.options
        self.created = self.tell(ready(opened.options))
        if session is not None:
            self.obey(self.say("session.update", session=session))

    def say(self, type: str, **fields: object) -> list[ev.ClientEvent]:
        """One message of the client; what it asks for."""
        return self.wire.receive(json.dumps({"type": type, **fields}))

    def tell(self, *events: ev.ServerEvent) -> list[Json]:
        """What the client is told of these."""
        texts = [text for event in events for text in self.wire.send(event, 0)]
        return [checked(text) if self._strict else json.loads(text) for text in texts]

    def obey(self, asked: list[ev.ClientEvent]) -> list[Json]:
        """Take what was asked as a session does: acknowledged, or refused."""
        told: list[Json] = []
        for event in asked:
            match event:
                case ev.Identified(id, _):
                    told += self.tell(ev.MessageAcknowledged(id))
                case ev.MessageRefused(code, message, id):
                    told += self.tell(ev.ErrorRaised(code, message, id=id))
                case ev.FormatsChanged():
                    input, codec, rate = event.input, event.output_codec, event.output_rate
                    assert input
                    assert codec
                    assert rate
                    told += self.tell(ev.FormatsConfirmed(input, codec, rate))
        return told

    def error(self, type: str, **fields: object) -> Json:
        """The error that a message leads to."""
        (told,) = self.obey(self.say(type, **fields))
        assert told["type"] == "error"
        error: Json = told["error"]
        return error


def ready(options: ev.SessionOptions) -> ev.SessionReady:
    """What a session says first."""
    return ev.SessionReady(SESSION, options, {}, {}, {"max_session_s": 3600})


def inner(events: list[ev.ClientEvent]) -> list[ev.ClientEvent]:
    """What was asked for, without names."""
    return [event.event if isinstance(event, ev.Identified) else event for event in events]


def kinds(messages: list[Json]) -> list[str]:
    """Their types, without what they all begin with."""
    long = "conversation.item.input_audio_transcription."
    return [message["type"].replace(long, "transcription.") for message in messages]


# A conversation in pieces ---------------------------------------------------------------------

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
    """The words of a turn."""
    return ev.FinalTranscript(turn, text, "en", 0.9, (), 800)


def frame(reply: int = 1, ms: int = 40) -> ev.AudioFrame:
    """Some audio of a reply."""
    return ev.AudioFrame(reply, 0, np.ones(24 * ms, dtype=np.int16))


def reply_added(reply: int = 1, *, spoken: bool = True) -> ev.ItemAdded:
    """The conversation has a reply."""
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
    """The one thing that was asked for."""
    (event,) = inner(events)
    assert isinstance(event, ev.ReplyRequested)
    return event
