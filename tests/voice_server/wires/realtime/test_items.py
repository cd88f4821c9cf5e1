"""Items: what a client may send, and what it gets."""

from typing import Any

import msgspec
import pytest

from voice_server.events import Item
from voice_server.wires.realtime.errors import RefusalError
from voice_server.wires.realtime.items import (
    ITEM_CHARS_MAX,
    ClientItem,
    audio_of,
    item_from,
    item_json,
    unheard_json,
)

pytestmark = pytest.mark.pure

Json = dict[str, Any]


def made(json: Json) -> Item:
    return item_from(msgspec.convert(json, ClientItem), "id")


def message(role: str, *content: Json) -> Json:
    return {"type": "message", "role": role, "content": list(content)}


TEXT = {"type": "input_text", "text": "Hi"}


@pytest.mark.parametrize(
    ("json", "item"),
    [
        (message("user", TEXT), Item("id", text="Hi")),
        (message("user", TEXT, TEXT), Item("id", text="Hi\nHi")),
        (message("system", TEXT), Item("id", role="system", text="Hi")),
        *(
            (
                message("assistant", {"type": type, "text": "Hi"}),
                Item("id", role="assistant", text="Hi"),
            )
            for type in ("output_text", "text", "input_text")
        ),
        (
            message("user", {"type": "input_audio", "transcript": "Hi"}),
            Item("id", text="Hi", spoken=True),
        ),
        (message("user", {"type": "input_audio", "transcript": None}), Item("id", spoken=True)),
        (
            {"type": "function_call", "name": "f", "arguments": "{}", "call_id": "c"},
            Item("id", "tool_call", "assistant", "{}", name="f", call="c"),
        ),
        (
            {"type": "function_call_output", "call_id": "c", "output": "42"},
            Item("id", "tool_result", "user", "42", call="c"),
        ),
    ],
)
def test_what_a_client_may_send(json: Json, item: Item) -> None:
    assert made(json) == item


@pytest.mark.parametrize(
    ("json", "param"),
    [
        (message("user", {"type": "input_image", "image_url": "x"}), "item.content[0].type"),
        (message("user", TEXT, {"type": "input_text"}), "item.content[1].text"),
        (message("user", *[{"type": "input_text", "text": "x" * 20_000}] * 2), "item.content"),
        ({"type": "item_reference", "id": "a"}, "item.type"),
    ],
)
def test_what_it_may_not(json: Json, param: str) -> None:
    with pytest.raises(RefusalError) as caught:
        made(json)
    assert caught.value.param == param


def test_a_text_may_not_be_longer_than_can_be_sent_back() -> None:
    with pytest.raises(msgspec.ValidationError):
        made(message("user", {"type": "input_text", "text": "x" * (ITEM_CHARS_MAX + 1)}))


def test_audio_without_words_has_to_be_heard() -> None:
    def sound(**part: object) -> bytes | None:
        json = message("user", {"type": "input_audio", **part})
        return audio_of(msgspec.convert(json, ClientItem))

    assert sound(audio="AAAA") == bytes(3)
    assert sound(audio="AAAA", transcript="Hi") is None
    assert sound(transcript=None) is None


@pytest.mark.parametrize(
    ("item", "content"),
    [
        (Item("a", text="Hi"), [{"type": "input_text", "text": "Hi"}]),
        (Item("a", text="Hi", spoken=True), [{"type": "input_audio", "transcript": "Hi"}]),
        (Item("a", role="system", text="Hi"), [{"type": "input_text", "text": "Hi"}]),
        (Item("a", role="assistant", text="Hi"), [{"type": "output_text", "text": "Hi"}]),
        (
            Item("a", role="assistant", text="Hi", spoken=True),
            [{"type": "output_audio", "transcript": "Hi"}],
        ),
        (Item("a", role="assistant", status="in_progress"), []),
    ],
)
def test_messages_as_clients_see_them(item: Item, content: list[Json]) -> None:
    shown = item_json(item)
    assert shown["content"] == content
    assert set(shown) == {"id", "object", "status", "type", "role", "content"}


def test_calls_and_results_as_clients_see_them() -> None:
    call = item_json(Item("a", "tool_call", text="{}", name="f", call="c"))
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "f", "{}")
    result = item_json(Item("a", "tool_result", text="42", call="c"))
    assert (result["type"], result["output"], result["call_id"]) == (
        "function_call_output",
        "42",
        "c",
    )
    assert "role" not in call


def test_what_is_not_written_down_yet_has_no_words() -> None:
    assert unheard_json("a")["content"] == [{"type": "input_audio", "transcript": None}]
