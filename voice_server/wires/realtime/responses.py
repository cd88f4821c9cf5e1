"""One response as this protocol tells it, from `response.created` to `response.done`. Pure.

A response has items: what the assistant says, and the functions it calls. Each is opened when its
first piece comes, and closed before the response is done, whatever ends it; `response.done` is told
exactly once. Nothing is told of a response after that.
"""

from dataclasses import dataclass, field
from typing import Literal

from voice_server.events import Item
from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.items import item_json
from voice_server.wires.realtime.shelf import Shelf

Status = Literal["in_progress", "completed", "cancelled", "incomplete", "failed"]


@dataclass(slots=True)
class _Call:
    index: int
    item: Item


@dataclass(frozen=True, slots=True)
class Manner:
    """What a response repeats of its session and of the request for it."""

    modality: Literal["audio", "text"]
    audio: Json
    """`{"output": {"format", "voice"}}`"""
    max_output_tokens: int | str
    conversation: str | None
    """None: the conversation does not remember it."""
    metadata: dict[str, str] | None = None


@dataclass(slots=True)
class Response:
    """One answer under way."""

    id: str
    item: str
    """Id of what is said."""
    manner: Manner
    shelf: Shelf
    over: bool = False
    text_over: bool = False
    """Nothing more is written; its sound may still be on its way."""
    audio_over: bool = False
    cut: bool = False
    """A limit ended what is written."""
    silenced: bool = False
    """Stopped: what is still on its way of its sound is not told."""
    failure: Json | None = None
    """The first error of an engine."""
    usage: Json | None = None
    text: str = field(default="", repr=False)
    _index: int | None = None
    """Of the message among the output; None until it is opened."""
    _calls: dict[str, _Call] = field(default_factory=dict)
    _output: dict[int, Json] = field(default_factory=dict)
    """Items that are closed, by index."""
    _opened: int = 0

    # What happens ----------------------------------------------------------------------------

    def created(self) -> list[Json]:
        """It begins."""
        return [{"type": "response.created", "response": self._shown("in_progress", None)}]

    def write(self, text: str) -> list[Json]:
        """A piece of what is said."""
        events = self.open_message()
        self.text += text
        kind = "output_audio_transcript" if self._voiced else "output_text"
        return [*events, self._about_part(f"response.{kind}.delta", delta=text)]

    def open_message(self) -> list[Json]:
        """The item of what is said, unless it is open already."""
        if self._index is not None:
            return []
        self._index = self._opened
        self._opened += 1
        part = self._about_part("response.content_part.added", part=self._part(""))
        return [*self._open_item(self._index, self._message("in_progress")), part]

    def write_call(self, call: str, name: str, arguments: str, item: str) -> list[Json]:
        """A piece of a function call; `item` names it if it is a new one."""
        events: list[Json] = []
        if call not in self._calls:
            opened = Item(
                item, "tool_call", "assistant", name=name, call=call, status="in_progress"
            )
            self._calls[call] = _Call(self._opened, opened)
            self._opened += 1
            events = self._open_item(self._calls[call].index, opened)
        if arguments:
            events.append(self._about_call(call, "delta", delta=arguments))
        return events

    def close_call(self, call: str, name: str, arguments: str, item: str) -> list[Json]:
        """A function call is complete."""
        events = self.write_call(call, name, "", item)
        known = self._calls[call]
        done = Item(known.item.id, "tool_call", "assistant", arguments, name=name, call=call)
        known.item = done
        events.append(self._about_call(call, "done", arguments=arguments, name=name))
        return [*events, *self._close_item(known.index, done)]

    def item_of(self, call: str) -> str:
        """The item of a function call; empty if it is not one of this response."""
        return self._calls[call].item.id if call in self._calls else ""

    @property
    def complete(self) -> bool:
        """Everything of it was told, but for its end."""
        return self.text_over and (self.audio_over or not self._voiced or self._index is None)

    def done(self, status: Status, details: Json) -> list[Json]:
        """Close what is open, and end it."""
        if self.over:
            return []
        self.over = True
        cut = status != "completed"
        events = self._close_calls()
        if self._index is not None:
            events = [*self._close_message(cut), *events]
        return [*events, {"type": "response.done", "response": self._shown(status, details)}]

    # Telling ---------------------------------------------------------------------------------

    @property
    def _voiced(self) -> bool:
        return self.manner.modality == "audio"

    @property
    def place(self) -> Json:
        """The ids that everything about what is said carries."""
        ids = {"response_id": self.id, "item_id": self.item}
        return {**ids, "output_index": self._index, "content_index": 0}

    def _about_part(self, type: str, **fields: object) -> Json:
        return {"type": type, **self.place, **fields}

    def _about_call(self, call: str, what: str, **fields: object) -> Json:
        known = self._calls[call]
        ids = {"response_id": self.id, "item_id": known.item.id, "output_index": known.index}
        type = f"response.function_call_arguments.{what}"
        return {"type": type, **ids, "call_id": call, **fields}

    def _part(self, text: str) -> Json:
        """Content parts have names of their own: other than the content of items."""
        if self._voiced:
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}

    def _message(self, status: Literal["in_progress", "completed", "incomplete"]) -> Item:
        text = "" if status == "in_progress" else self.text
        return Item(self.item, role="assistant", text=text, status=status, spoken=self._voiced)

    def _open_item(self, index: int, item: Item) -> list[Json]:
        shown = item_json(item)
        added = {"response_id": self.id, "output_index": index, "item": shown}
        events: list[Json] = [{"type": "response.output_item.added", **added}]
        if self.manner.conversation is not None:
            previous = self.shelf.announce(item.id)
            told = {"item": shown, "previous_item_id": previous}
            events.append({"type": "conversation.item.added", **told})
        return events

    def _close_item(self, index: int, item: Item) -> list[Json]:
        shown = item_json(item)
        self._output[index] = shown
        events: list[Json] = []
        if self.manner.conversation is not None:
            told = {"item": shown, "previous_item_id": self.shelf.before(item.id)}
            events.append({"type": "conversation.item.done", **told})
        done = {"response_id": self.id, "output_index": index, "item": shown}
        return [*events, {"type": "response.output_item.done", **done}]

    def _close_message(self, cut: bool) -> list[Json]:
        assert self._index is not None
        if self._voiced:
            events = [
                self._about_part("response.output_audio.done"),
                self._about_part("response.output_audio_transcript.done", transcript=self.text),
            ]
        else:
            events = [self._about_part("response.output_text.done", text=self.text)]
        events.append(self._about_part("response.content_part.done", part=self._part(self.text)))
        item = self._message("incomplete" if cut else "completed")
        return [*events, *self._close_item(self._index, item)]

    def _close_calls(self) -> list[Json]:
        """Half a call is none, and says so."""
        events: list[Json] = []
        for known in self._calls.values():
            if known.item.status == "in_progress":
                item = known.item
                cut = Item(
                    *(item.id, item.kind, item.role, item.text, item.name, item.call),
                    status="incomplete",
                )
                events += self._close_item(known.index, cut)
        return events

    def _shown(self, status: Status, details: Json | None) -> Json:
        manner = self.manner
        return {
            "object": "realtime.response",
            "id": self.id,
            "conversation_id": manner.conversation,
            "status": status,
            "status_details": details,
            "output": [self._output[index] for index in sorted(self._output)],
            "output_modalities": [manner.modality],
            "max_output_tokens": manner.max_output_tokens,
            "audio": manner.audio,
            "metadata": manner.metadata,
            "usage": self.usage if status != "in_progress" else None,
        }


def usage(counted: dict[str, int]) -> Json:
    """Tokens in the protocol's form: all of them text, because the model reads and writes text."""
    read, written = counted.get("prompt_tokens", 0), counted.get("completion_tokens", 0)
    cached = counted.get("cached_tokens", 0)
    none = {"audio_tokens": 0, "image_tokens": 0}
    return {
        "total_tokens": read + written,
        "input_tokens": read,
        "output_tokens": written,
        "input_token_details": {
            "text_tokens": read,
            **none,
            "cached_tokens": cached,
            "cached_tokens_details": {"text_tokens": cached, **none},
        },
        "output_token_details": {"text_tokens": written, "audio_tokens": 0},
    }
