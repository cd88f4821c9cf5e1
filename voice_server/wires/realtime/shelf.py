"""The order of the items as this client knows it. Pure.

The conversation is the session's. But a client knows items that are not in it: a turn that said
nothing, silence that timed out. And the conversation has items under other names: a tool call is
announced while it is written, before the conversation names it; calls of the server's own tools are
never shown. The shelf keeps both views together, so that `previous_item_id` means the same to both.
"""

from dataclasses import dataclass, replace

ITEMS_MAX = 2000
"""The oldest are forgotten first; by then the conversation has forgotten them, too."""


@dataclass(frozen=True, slots=True)
class _Place:
    id: str
    """For the client; empty: it is not shown."""
    kept: str = ""
    """For the conversation; empty: it does not have it."""


class Shelf:
    """Items side by side, oldest first."""

    def __init__(self) -> None:
        self._places: list[_Place] = []
        self._expected: set[str] = set()

    def __contains__(self, id: str) -> bool:
        return any(place.id == id for place in self._places)

    # What the client is told -----------------------------------------------------------------

    def announce(self, id: str) -> str | None:
        """A new item at the end; the id of the one before it."""
        self._add(len(self._places), _Place(id, id if id in self._expected else ""))
        self._expected.discard(id)
        return self._shown_before(len(self._places) - 1)

    def before(self, id: str) -> str | None:
        """The id of the item before this one."""
        places = (index for index, place in enumerate(self._places) if place.id == id)
        return self._shown_before(next(places, 0))

    def is_hollow(self, id: str) -> bool:
        """The client knows this item, the conversation does not."""
        return any(place.id == id and not place.kept for place in self._places)

    def shown(self, kept: str) -> str:
        """What the client calls an item of the conversation."""
        return next((place.id for place in self._places if place.kept == kept), kept)

    # What the conversation does ---------------------------------------------------------------

    def keep(self, id: str, kept: str) -> None:
        """The conversation has an item that was announced."""
        for index, place in enumerate(self._places):
            if place.id == id:
                self._places[index] = replace(place, kept=kept)

    def expect(self, kept: str) -> None:
        """The conversation has an item that will be announced under the same name."""
        self._expected.add(kept)

    def insert(self, kept: str, after: str | None, *, hidden: bool = False) -> str | None:
        """A new item of the conversation; the id of the one the client sees before it."""
        at = len(self._places)
        if after is None:
            at = 0
        else:
            places = (i for i, place in enumerate(self._places) if place.kept == after)
            at = next(places, at - 1) + 1
        while at < len(self._places) and not self._places[at].kept:
            at += 1  # after what only the client knows
        self._add(at, _Place("" if hidden else kept, kept))
        return self._shown_before(at)

    def remove(self, id: str) -> None:
        """An item is gone from both."""
        self._places = [place for place in self._places if place.id != id]

    def forget(self, kept: str) -> None:
        """An item is gone from the conversation, and was never shown or is not any more."""
        self._places = [place for place in self._places if place.kept != kept]

    # From the client's view to the conversation's ----------------------------------------------

    def kept(self, id: str) -> str:
        """What the conversation calls an item of the client's."""
        return next((place.kept for place in self._places if place.id == id), "") or id

    def anchor(self, id: str) -> str:
        """The item of the conversation at this one or before it; empty: the front."""
        before = ""
        for place in self._places:
            before = place.kept or before
            if place.id == id:
                return before
        return id

    def _shown_before(self, at: int) -> str | None:
        return next((place.id for place in reversed(self._places[:at]) if place.id), None)

    def _add(self, at: int, place: _Place) -> None:
        self._places.insert(at, place)
        del self._places[:-ITEMS_MAX]
