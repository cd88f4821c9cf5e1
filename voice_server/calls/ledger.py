"""What a store does not know yet about one call, in the form in which it is stored. Pure.

Text events are kept as they were sent, audio only by number and position: never a sample. Field
names and their contents belong to `FORMAT`; a process that reads another format adopts nothing.
"""

import json
from collections import deque
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import numpy as np

from voice_server import events as ev
from voice_server.calls.call_store import Commit, Kept
from voice_server.calls.journal import Entry
from voice_server.calls.resume_key import ResumeKey
from voice_server.calls.standing import Conversation, OpenReply, Standing
from voice_server.conversation.history import History

FORMAT = 1
"""Raise it when what is stored changes its meaning."""

T = TypeVar("T")


class RecordError(ValueError):
    """What is stored cannot be read here: another version of the server wrote it."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What stays as it was when the call began."""

    options: ev.SessionOptions
    began_at: float
    """Unix seconds."""
    format: int = FORMAT


class Ledger:
    """One call, and what of it was not committed yet."""

    def __init__(self, opening: Opening, conversation: Conversation, key: ResumeKey) -> None:
        self.opening = opening
        self.conversation = conversation
        self._key = key
        self._waiting: deque[Entry] = deque()
        self._taken: tuple[set[str], list[Entry]] = (set(), [])

    def append(self, entry: Entry, kept: int) -> None:
        """An event was told under a number. `kept`: more entries than that nobody needs."""
        self._waiting.append(entry)
        while len(self._waiting) > kept:
            self._waiting.popleft()

    # Committing ------------------------------------------------------------------------------

    def changes(self, epoch: int, sent: int, kept: int) -> Commit:
        """What is to be committed now. `sent` is the number of the newest event."""
        conversation = self.conversation
        self._taken = conversation.changed, list(self._waiting)
        conversation.changed = set()
        self._waiting.clear()
        changed, entries = self._taken
        return self._commit(epoch, sent, changed, entries, kept)

    def put_back(self) -> None:
        """What was taken last was not committed after all."""
        changed, entries = self._taken
        self.conversation.changed |= changed
        self._waiting.extendleft(reversed(entries))

    def whole(self, epoch: int, sent: int, entries: list[Entry]) -> Commit:
        """Everything, for a store that knows nothing; `entries` are all that there are."""
        everything = {"items", "replies", "acknowledged", "opening"}
        return self._commit(epoch, sent, everything, entries, len(entries))

    def _commit(
        self, epoch: int, sent: int, changed: set[str], entries: list[Entry], kept: int
    ) -> Commit:
        self.conversation.standing.sent = sent
        values = {
            "standing": self.conversation.standing,
            "opening": self.opening,
            "items": self.conversation.history.items,
            "replies": list(self.conversation.replies.values()),
            "acknowledged": self.conversation.acknowledged,
        }
        return Commit(
            epoch=epoch,
            fields={name: _packed(values[name]) for name in ("standing", *sorted(changed))},
            digests=self._key.digests,
            first=entries[0].number if entries else sent + 1,
            entries=[_packed_entry(entry) for entry in entries],
            entries_kept=kept,
        )


@dataclass(frozen=True, slots=True)
class Record:
    """A call as its last owner left it."""

    epoch: int
    """Of its new owner."""
    opening: Opening
    conversation: Conversation
    entries: list[Entry]


def read(kept: Kept, history_bytes_max: int, now: float) -> Record:
    """What was stored. `now` is when the entries were told, for our clock. Raises `RecordError`."""
    try:
        opening = _unpacked(kept.fields["opening"], Opening)
        if opening.format != FORMAT:
            raise RecordError(f"format {opening.format} is not {FORMAT}")
        history = History(history_bytes_max)
        for item in _unpacked(kept.fields["items"], list[ev.Item]):
            history.add(item)
        conversation = Conversation(
            _unpacked(kept.fields["standing"], Standing),
            history,
            _unpacked(kept.fields["replies"], list[OpenReply]),
            _unpacked(kept.fields["acknowledged"], list[str]),
        )
        entries = [_unpacked_entry(packed, now) for packed in kept.entries]
    except (KeyError, ValueError, TypeError) as error:
        if isinstance(error, RecordError):
            raise
        raise RecordError(f"{type(error).__name__} in a stored call") from None
    numbers = [entry.number for entry in entries]
    sent = conversation.standing.sent
    if numbers != list(range(sent - len(numbers) + 1, sent + 1)):
        raise RecordError("events are missing in a stored call")
    return Record(kept.epoch, opening, conversation, entries)


# How it is written -------------------------------------------------------------------------------


def _packed(value: object) -> bytes:
    """As JSON; half an emoji (a lone surrogate) is escaped, which msgspec itself refuses."""
    return json.dumps(msgspec.to_builtins(value, str_keys=True), separators=(",", ":")).encode()


def _unpacked(packed: bytes, type: type[T]) -> T:
    return msgspec.convert(json.loads(packed), type, str_keys=True)


def _packed_entry(entry: Entry) -> bytes:
    said = entry.said
    if isinstance(said, str):
        return _packed([entry.number, said])
    return _packed([entry.number, said.stream, said.position, said.first, said.last])


def _unpacked_entry(packed: bytes, at: float) -> Entry:
    value: list[Any] = json.loads(packed)
    if len(value) == 2:
        number, text = value
        return Entry(number, at, text)
    number, stream, position, first, last = value
    nothing = np.zeros(0, dtype=np.int16)
    return Entry(number, at, ev.AudioFrame(stream, position, nothing, first, last))
