"""Items of the conversation: the protocol's JSON and our `Item`, both ways. Pure.

Our conversation is text: what was said aloud carries its transcript and never its audio, so that
no item is larger than a client can take.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from voice_server.events import Item
from voice_server.wires.realtime.errors import Json, RefusalError, invalid, missing

ITEM_CHARS_MAX = 32_768
"""Text of one item: it goes back to the client in one message of less than 256 KiB."""

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=ITEM_CHARS_MAX)]


class Part(Struct):
    """A piece of a message's content."""

    type: str
    text: Text | None = None
    transcript: Text | None = None
    audio: bytes | None = None


class Message(Struct, tag="message", tag_field="type"):
    """Something written or said."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[list[Part], Meta(max_length=256)]
    id: Id | None = None


class FunctionCall(Struct, tag="function_call", tag_field="type"):
    """The assistant asked for a function."""

    name: Id
    arguments: Text
    call_id: Id | None = None
    id: Id | None = None


class FunctionCallOutput(Struct, tag="function_call_output", tag_field="type"):
    """What the function answered."""

    call_id: Id
    output: Text
    id: Id | None = None


class ItemReference(Struct, tag="item_reference", tag_field="type"):
    """An item of the conversation, in the input of a response."""

    id: Id


ClientItem = Message | FunctionCall | FunctionCallOutput | ItemReference

_TEXTS = ("input_text", "output_text", "text")
_SOUNDS = ("input_audio", "output_audio", "audio")


def audio_of(item: ClientItem) -> bytes | None:
    """What somebody says in an item that brings its audio, and no words."""
    if not isinstance(item, Message) or item.role != "user":
        return None
    if any(part.text or part.transcript for part in item.content):
        return None
    return b"".join(part.audio for part in item.content if part.audio) or None


def item_from(item: ClientItem, id: str) -> Item:
    """Our item for the client's. Raises `RefusalError`."""
    match item:
        case Message(role=role, content=content):
            return Item(id, role=role, text=_text(content), spoken=_is_spoken(content))
        case FunctionCall(name=name, arguments=arguments, call_id=call):
            return Item(id, "tool_call", "assistant", arguments, name=name, call=call or id)
        case FunctionCallOutput(call_id=call, output=output):
            return Item(id, "tool_result", "user", output, call=call)
        case ItemReference():
            raise invalid("item.type", "An item_reference stands in the input of a response only.")


def _text(content: list[Part]) -> str:
    texts: list[str] = []
    for index, part in enumerate(content):
        text = part.text if part.type in _TEXTS else part.transcript
        if part.type not in (*_TEXTS, *_SOUNDS):
            raise RefusalError(
                "unsupported_content",
                f"This server's conversations are of words: content of type {part.type[:40]!r} "
                "cannot be taken. Send text.",
                param=f"item.content[{index}].type",
            )
        if text is None and part.type in _TEXTS:
            raise missing(f"item.content[{index}].text")
        texts.append(text or "")
    text = "\n".join(texts)
    if len(text) > ITEM_CHARS_MAX:
        raise invalid("item.content", f"An item has at most {ITEM_CHARS_MAX} characters.")
    return text


def _is_spoken(content: list[Part]) -> bool:
    return any(part.type in _SOUNDS for part in content)


def item_json(item: Item) -> Json:
    """The protocol's form of an item. What is not there has no key: strict clients mind nulls."""
    head = {"id": item.id, "object": "realtime.item", "status": item.status}
    match item.kind:
        case "message":
            content = [] if item.status == "in_progress" else [_part(item)]
            return {**head, "type": "message", "role": item.role, "content": content}
        case "tool_call":
            call = {"name": item.name, "call_id": item.call, "arguments": item.text}
            return {**head, "type": "function_call", **call}
        case "tool_result":
            result = {"call_id": item.call, "output": item.text}
            return {**head, "type": "function_call_output", **result}


def _part(item: Item) -> Json:
    if item.role == "assistant":
        if item.spoken:
            return {"type": "output_audio", "transcript": item.text}
        return {"type": "output_text", "text": item.text}
    if item.role == "user" and item.spoken:
        return {"type": "input_audio", "transcript": item.text}
    return {"type": "input_text", "text": item.text}


def unheard_json(id: str) -> Json:
    """What the user said, before it is written down."""
    heard = item_json(Item(id, spoken=True))
    heard["content"][0]["transcript"] = None
    return heard
