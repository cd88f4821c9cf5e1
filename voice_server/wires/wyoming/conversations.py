"""Conversations that come back: another connection for every line, one name for all. Pure."""

from collections import OrderedDict
from collections.abc import Sequence

from voice_server.events import Item

CONVERSATIONS_MAX = 256
ITEMS_MAX = 40
"""The latest of one conversation."""

FORGET_S = 3600.0
"""After so long without a word a name means a new conversation."""


class Conversations:
    """The conversations of one process, by the name that the client gives them."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, tuple[Item, ...]]] = OrderedDict()

    def recall(self, name: str, now: float) -> Sequence[Item]:
        """What was said in it; nothing in one that is new, or has no name."""
        at, items = self._kept.get(name, (now, ()))
        return items if now - at <= FORGET_S else ()

    def keep(self, name: str, items: Sequence[Item], now: float) -> None:
        """What has been said in it by now. The one not used for longest makes room."""
        if not name:
            return
        self._kept[name] = (now, tuple(items[-ITEMS_MAX:]))
        self._kept.move_to_end(name)
        if len(self._kept) > CONVERSATIONS_MAX:
            self._kept.popitem(last=False)
