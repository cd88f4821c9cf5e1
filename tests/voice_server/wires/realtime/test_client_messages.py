"""What a client sends: decoded, or refused by the name of the field and of the message."""

import json
from typing import Any

import pytest

from voice_server.wires.realtime import client_messages as msg
from voice_server.wires.realtime.errors import RefusalError

pytestmark = pytest.mark.pure

REFUSED: list[tuple[dict[str, Any], str, str | None]] = [
    ({"type": "no.such"}, "invalid_event", "type"),
    ({}, "missing_required_parameter", "type"),
    ({"type": "conversation.item.delete"}, "missing_required_parameter", "item_id"),
    ({"type": "conversation.item.delete", "item_id": 7}, "invalid_value", "item_id"),
    ({"type": "input_audio_buffer.append", "audio": "*"}, "invalid_value", "audio"),
    (
        {"type": "conversation.item.create", "item": {"type": "message", "role": "user"}},
        "missing_required_parameter",
        "item.content",
    ),
    (
        {"type": "response.create", "response": {"output_modalities": ["video"]}},
        "invalid_value",
        "response.output_modalities[0]",
    ),
    (
        {"type": "response.create", "response": {"max_output_tokens": 0}},
        "invalid_value",
        "response.max_output_tokens",
    ),
]


@pytest.mark.parametrize(("message", "reason", "param"), REFUSED)
def test_the_field_is_named(message: dict[str, Any], reason: str, param: str | None) -> None:
    with pytest.raises(RefusalError) as caught:
        msg.decode(json.dumps({"event_id": "mine", **message}))
    assert (caught.value.reason, caught.value.param) == (reason, param)
    assert caught.value.event_id == "mine"


def test_both_ways_in_refuse_alike() -> None:
    for message, reason, _ in REFUSED:
        with pytest.raises(RefusalError) as caught:
            msg.convert({"event_id": "mine", **message})
        assert (caught.value.reason, caught.value.event_id) == (reason, "mine")


def test_an_event_id_may_be_null_and_unknown_fields_are_ignored() -> None:
    message = msg.decode('{"type":"input_audio_buffer.commit","event_id":null,"new":1}')
    assert message == msg.AudioCommit()


@pytest.mark.parametrize("text", ["", "[]", "7", '{"type":'])
def test_what_is_no_object(text: str) -> None:
    with pytest.raises(RefusalError, match="not a JSON object"):
        msg.decode(text)


@pytest.mark.parametrize(
    "metadata",
    [
        {str(number): "x" for number in range(msg.METADATA_MAX + 1)},
        {"k": "x" * 513},
        {"k" * 65: ""},
    ],
    ids=["many", "long", "long name"],
)
def test_notes_have_limits(metadata: dict[str, str]) -> None:
    with pytest.raises(RefusalError):
        msg.convert({"type": "response.create", "response": {"metadata": metadata}})
