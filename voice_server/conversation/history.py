"""What was said, by whom, as far as it was heard: the items of one conversation, in order.

Pure. An item has its place from the moment it enters, whatever is known about it later: a reply is
there as soon as it begins, and gets its text when it was heard. So what the user says over a reply
comes after it. Beyond `bytes_max` the oldest exchanges are forgotten, whole, so that the prompt
still begins with the user; the instructions among the items stay.
"""

from collections.abc import Sequence
from dataclasses import replace

from voice_server.events import Item

ITEM_BYTES = 16
"""What an item is taken to weigh besides its text."""

ITEMS_MAX = 2000
"""Items that may be remembered, however short."""

FRONT = ""
"""In place of an id: before the first item."""


class ItemError(ValueError):
    """There is no such item, or there is one already. The message names it."""


class History:
    """The conversation so far."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        """UTF-8 bytes of text that may be remembered."""
        self._items: list[Item] = []

    @property
    def items(self) -> Sequence[Item]:
        """Oldest first."""
        return tuple(self._items)

    def copy(self) -> "History":
        """The same items, to be changed apart."""
        copy = History(self.bytes_max)
        copy._items = list(self._items)
        return copy

    def find(self, id: str) -> Item | None:
        """The item of that name, if there is one."""
        return next((item for item in self._items if item.id == id), None)

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Insert an item; the id of the item before it comes back.

        `after` is an id, `FRONT`, or None for the end. Raises `ItemError`.
        """
        if self.find(item.id):
            raise ItemError(f"there is an item {item.id!r} already")
        place = self._place(after)
        self._items.insert(place, self._fitting(item))
        before = self._items[place - 1].id if place else None
        self._forget()
        return before

    def change(self, item: Item) -> bool:
        """Put an item in the place of the one of its name; False if that was forgotten."""
        for place, known in enumerate(self._items):
            if known.id == item.id:
                self._items[place] = self._fitting(item)
                self._forget()
                return True
        return False

    def remove(self, id: str) -> None:
        """Take an item out. Raises `ItemError`."""
        item = self.find(id)
        if item is None:
            raise _missing(id)
        self._items.remove(item)

    def _place(self, after: str | None) -> int:
        if after is None:
            return len(self._items)
        if after == FRONT:
            return 0
        for place, item in enumerate(self._items, start=1):
            if item.id == after:
                return place
        raise _missing(after)

    def _fitting(self, item: Item) -> Item:
        """An item that leaves nothing of its text out, unless it alone is too much."""
        encoded = item.text.encode(errors="replace")
        if len(encoded) <= self.bytes_max:
            return item
        return replace(item, text=encoded[-self.bytes_max :].decode(errors="ignore"))

    def _forget(self) -> None:
        """Let the oldest exchanges go until the rest fits."""
        weights = [_weight(item) for item in self._items]
        excess = sum(weights) - self.bytes_max
        if excess <= 0 and len(self._items) <= ITEMS_MAX:
            return
        while (excess > 0 or len(self._items) > ITEMS_MAX) and len(self._items) > 1:
            excess -= sum(_weight(item) for item in self._forget_oldest())

    def _forget_oldest(self) -> list[Item]:
        """The oldest exchange goes: from its question up to the next one."""
        gone: list[Item] = []
        for item in self._items[:-1]:
            if gone and _asks(item):
                break
            if not _instructs(item):
                gone.append(item)
        gone = gone or self._items[:1]
        names = {item.id for item in gone}
        self._items = [item for item in self._items if item.id not in names]
        return gone


def _asks(item: Item) -> bool:
    return item.kind == "message" and item.role == "user"


def _instructs(item: Item) -> bool:
    return item.kind == "message" and item.role == "system"


def _weight(item: Item) -> int:
    return ITEM_BYTES + len(item.text.encode(errors="replace"))


def _missing(id: str) -> ItemError:
    return ItemError(f"there is no item {id[:64]!r}")
