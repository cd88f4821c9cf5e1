"""No event shows anybody's words or audio, none can be changed, and every one has a vocabulary.

Every dataclass of the module is filled with texts that say which field they stand in, and shown. A
new field that holds text is either kept out of its `repr`, or entered below with a reason.
"""

import dataclasses
import inspect
import re
from collections.abc import Mapping
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest

from audio.formats import AudioFormat, Codec
from voice_server import events as ev

pytestmark = pytest.mark.pure

SHOWN = {
    "ErrorRaised.id": "what the client calls its message",
    "ErrorRaised.message": "our sentence",
    "FinalTranscript.language": "two letters",
    "Identified.id": "what the client calls its message",
    "Item.call": "a number",
    "Item.id": "a name of the client's or ours",
    "Item.name": "the name of a tool",
    "ItemAdded.after": "a name of the client's or ours",
    "ItemDeleted.item": "a name of the client's or ours",
    "ItemInserted.after": "a name of the client's or ours",
    "ItemRemoved.item": "a name of the client's or ours",
    "ItemsWanted.item": "a name of the client's or ours",
    "MessageAcknowledged.id": "what the client calls its message",
    "MessageRefused.id": "what the client calls its message",
    "MessageRefused.message": "our sentence",
    "Noticed.detail": "our sentence",
    "PartialTranscript.language": "two letters",
    "ReplyDone.metrics": "names of ours",
    "ReplyDone.usage": "names of ours",
    "ReplyRequested.tool_choice": "the name of a tool",
    "ReplyRequested.voice": "the name of a voice",
    "ReplyStageFailed.message": "our sentence",
    "ReplyTextDone.usage": "names of ours",
    "ReplyTextEnded.usage": "names of ours",
    "ReplyToolWritten.call": "a number",
    "ReplyToolWritten.name": "the name of a tool",
    "ResumeAsked.session": "a number",
    "ResumeOffer.refused": "names of ours",
    "SayRequested.voice": "the name of a voice",
    "SessionConfig.language": "two letters",
    "SessionConfig.tool_choice": "the name of a tool",
    "SessionConfig.turn": "settings",
    "SessionConfig.voice": "the name of a voice",
    "SessionOptions.client": "name and version of a program",
    "SessionOptions.features": "names of ours",
    "SessionReady.engines": "names of models",
    "SessionReady.limits": "names of ours",
    "SessionReady.notices": "our sentences",
    "SessionReady.session": "a number",
    "ToolCallWritten.call": "a number",
    "ToolCallWritten.name": "the name of a tool",
    "ToolCalled.call": "a number",
    "ToolCalled.name": "the name of a tool",
    "ToolFinished.call": "a number",
    "ToolReturned.call": "a number",
    "ToolReturned.id": "a name of the client's or ours",
    "Transcript.language": "two letters",
    "TranscriptFinished.error": "our sentence",
    "TurnMeasured.metrics": "names of ours",
}
"""Fields with text that may be shown, and why."""

LOUD = 31_313
"""A sample that is recognised where it is shown."""

EVENTS: list[type[Any]] = [
    found
    for _, found in inspect.getmembers(ev, inspect.isclass)
    if dataclasses.is_dataclass(found) and found.__module__ == ev.__name__
]
each_event = pytest.mark.parametrize("event", EVENTS, ids=[event.__name__ for event in EVENTS])


def filled(kind: Any, text: str) -> Any:
    """A value of an annotated type that holds `text` wherever it can hold text."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return filled(arguments[0], text)
    if origin is Literal:
        return arguments[0]
    if origin is np.ndarray:
        return np.full(3, LOUD, np.int16)
    if origin in (tuple, frozenset):
        return origin([filled(arguments[0], text)])
    if origin is Mapping:
        return {filled(arguments[0], text): filled(arguments[1], text)}
    if kind is AudioFormat:
        return AudioFormat(Codec.PCM_S16LE, 16_000)
    if dataclasses.is_dataclass(kind):
        return specimen(kind)
    if issubclass(kind, Enum):
        return next(iter(kind))
    return text.encode() if kind is bytes else text if kind in (str, object) else kind(7)


def specimen(event: Any) -> Any:
    """An event whose every text says `Class.field`."""
    hints = get_type_hints(event)
    names = [field.name for field in dataclasses.fields(event)]
    return event(**{name: filled(hints[name], f"{event.__name__}.{name}") for name in names})


def texts_shown(event: type[Any]) -> set[str]:
    return set(re.findall(r"[A-Z]\w+\.[a-z_]+(?=\W)", repr(specimen(event))))


@each_event
def test_no_repr_shows_words_or_audio(event: type[Any]) -> None:
    assert texts_shown(event) <= set(SHOWN)
    assert str(LOUD) not in repr(specimen(event))


def test_every_exception_is_needed() -> None:
    shown = set().union(*(texts_shown(event) for event in EVENTS))
    assert shown == set(SHOWN)


@each_event
def test_events_cannot_be_changed(event: type[Any]) -> None:
    value = specimen(event)
    for field in dataclasses.fields(value):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, field.name, None)
    assert not hasattr(value, "__dict__")


def test_every_event_is_in_a_vocabulary() -> None:
    known = {*get_args(ev.ClientEvent), *get_args(ev.ServerEvent), *get_args(ev.InnerEvent)}
    parts = {ev.Item, ev.ResumeAsked, ev.ResumeOffer, ev.SessionConfig, ev.SessionOptions}
    assert set(EVENTS) - known == parts
    assert known <= set(EVENTS)


def test_what_comes_in_and_what_goes_out_differ() -> None:
    client, server, inner = (
        set(get_args(union)) for union in (ev.ClientEvent, ev.ServerEvent, ev.InnerEvent)
    )
    assert client & server == {ev.MessageAcknowledged}
    assert inner.isdisjoint(client | server)
