"""The one owner of a conversation's history: what enters it, and who is told.

Everything that becomes an item passes through here, so that its order is decided in one place:
a reply takes its place with its first word, what the user says over it comes after it, and its text
is put right when it is known how far it was heard.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from voice_server import events as ev
from voice_server.conversation.history import History, ItemError
from voice_server.naming import other_item, reply_item, turn_item


class Memory:
    """What a session remembers."""

    def __init__(
        self, session: str, bytes_max: int, emit: Callable[[ev.ServerEvent], None]
    ) -> None:
        self._session = session
        self._history = History(bytes_max)
        self._emit = emit
        self._others = 0

    def begin(self, items: Sequence[ev.Item], others: int) -> None:
        """Remember what was said elsewhere; `others`: items that ever were there."""
        for item in items:
            self._history.add(item)
        self._others = others

    @property
    def items(self) -> Sequence[ev.Item]:
        """Oldest first."""
        return self._history.items

    def foreseen(self, text: str) -> Sequence[ev.Item]:
        """The items if the user had said this, too."""
        return (*self.items, ev.Item("foreseen", text=text))

    # The conversation ------------------------------------------------------------------------

    def user_said(self, text: str, turn: int | None = None) -> None:
        """A turn was understood, or something was typed."""
        id = self._next_id() if turn is None else turn_item(self._session, turn)
        if self._history.find(id):
            id = self._next_id()  # a client may name its items as it likes
        self._add(ev.Item(id, text=text, spoken=turn is not None))

    def reply_began(self, reply: int, *, spoken: bool) -> None:
        """A reply has its first word."""
        id = reply_item(self._session, reply)
        if self._history.find(id):
            return  # the client has put it there
        self._add(ev.Item(id, role="assistant", status="in_progress", spoken=spoken))

    def reply_grew(self, reply: int, text: str) -> None:
        """What will have been said of a reply if it is heard to its end."""
        if item := self._history.find(reply_item(self._session, reply)):
            self._history.change(replace(item, text=text))

    def reply_ended(self, reply: int, text: str, *, cut: bool) -> None:
        """What was heard of a reply; may be put right later."""
        item = self._history.find(reply_item(self._session, reply))
        if item is None:
            return
        item = replace(item, text=text, status="incomplete" if cut else "completed")
        self._history.change(item)
        self._emit(ev.ItemChanged(item))

    def tool_called(self, call: ev.ToolCalled) -> None:
        """The language model asks for something."""
        self._add(
            ev.Item(
                self._next_id(), "tool_call", text=call.arguments, name=call.name, call=call.call
            )
        )

    def tool_returned(self, call: str, output: str, id: str = "") -> None:
        """A tool has answered. Raises `ItemError` if `id` is taken."""
        self._add(ev.Item(id or self._next_id(), "tool_result", text=output, call=call))

    # What the client changes -----------------------------------------------------------------

    def insert(self, item: ev.Item, after: str | None) -> None:
        """Put something in that was not said. Raises `ItemError`."""
        self._add(item if item.id else replace(item, id=self._next_id()), after)

    def delete(self, id: str) -> None:
        """Forget an item. Raises `ItemError`."""
        self._history.remove(id)
        self._emit(ev.ItemRemoved(id))

    def show(self, id: str | None) -> None:
        """Show one item, or all of them. Raises `ItemError`."""
        if id is None:
            self._emit(ev.ItemsShown(tuple(self.items), one=False))
        else:
            self._emit(ev.ItemsShown((self.item(id),), one=True))

    def item(self, id: str) -> ev.Item:
        """The item of that name. Raises `ItemError`."""
        if item := self._history.find(id):
            return item
        raise ItemError(f"there is no item {id[:64]!r}")

    def _add(self, item: ev.Item, after: str | None = None) -> None:
        self._emit(ev.ItemAdded(item, self._history.add(item, after)))

    def _next_id(self) -> str:
        while True:
            self._others += 1
            id = other_item(self._session, self._others)
            if not self._history.find(id):
                return id
