"""Conversations that come back: by name, for a while, and not too many."""

import pytest

from voice_server.events import Item
from voice_server.wires.wyoming.conversations import (
    CONVERSATIONS_MAX,
    FORGET_S,
    ITEMS_MAX,
    Conversations,
)

pytestmark = pytest.mark.pure

ITEM = Item("a", text="Hi.")


def test_what_was_said_is_known_under_its_name_alone() -> None:
    kept = Conversations()
    kept.keep("kitchen", [ITEM], 0.0)
    kept.keep("", [ITEM], 0.0)
    assert kept.recall("kitchen", FORGET_S) == (ITEM,)
    assert kept.recall("cellar", 0.0) == kept.recall("", 0.0) == ()


def test_after_a_while_it_is_a_new_conversation() -> None:
    kept = Conversations()
    kept.keep("kitchen", [ITEM], 0.0)
    assert kept.recall("kitchen", FORGET_S + 1) == ()


def test_only_the_latest_is_kept_of_each() -> None:
    kept = Conversations()
    items = [Item(str(n)) for n in range(ITEMS_MAX + 5)]
    kept.keep("kitchen", items, 0.0)
    assert list(kept.recall("kitchen", 0.0)) == items[5:]


def test_the_one_not_used_for_longest_makes_room() -> None:
    kept = Conversations()
    for number in range(CONVERSATIONS_MAX):
        kept.keep(str(number), [ITEM], 0.0)
    kept.keep("0", [ITEM], 1.0)
    kept.keep("new", [ITEM], 1.0)
    assert [bool(kept.recall(name, 1.0)) for name in ("0", "1", "2", "new")] == [
        True,
        False,
        True,
        True,
    ]
