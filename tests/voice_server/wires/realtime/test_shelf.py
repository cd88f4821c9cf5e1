"""The order of items: what the client sees before an item is what the conversation means by it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.wires.realtime.shelf import ITEMS_MAX, Shelf

pytestmark = pytest.mark.pure


def test_items_stand_in_the_order_of_the_conversation() -> None:
    shelf = Shelf()
    assert shelf.insert("b", None) is None
    assert shelf.insert("c", "b") == "b"
    assert shelf.insert("a", None) is None
    assert shelf.insert("a2", "a") == "a"
    assert shelf.before("b") == "a2"


def test_what_only_the_client_knows_keeps_its_place() -> None:
    shelf = Shelf()
    shelf.insert("a", None)
    assert shelf.announce("silence") == "a"
    assert shelf.is_hollow("silence")
    assert shelf.anchor("silence") == "a"
    assert shelf.insert("b", "a") == "silence"
    assert not shelf.is_hollow("a")


def test_before_everything_is_the_front() -> None:
    shelf = Shelf()
    shelf.announce("silence")
    assert shelf.anchor("silence") == ""


def test_an_item_goes_by_two_names() -> None:
    shelf = Shelf()
    shelf.announce("call")
    shelf.keep("call", "x1")
    assert (shelf.shown("x1"), shelf.kept("call")) == ("call", "x1")
    assert shelf.insert("b", "x1") == "call"
    shelf.forget("x1")
    assert "call" not in shelf


def test_what_is_not_shown_is_nobodys_predecessor() -> None:
    shelf = Shelf()
    shelf.insert("a", None)
    shelf.insert("hidden", "a", hidden=True)
    assert shelf.insert("b", "hidden") == "a"
    assert "hidden" not in shelf


def test_an_item_that_is_expected_is_kept_when_it_is_announced() -> None:
    shelf = Shelf()
    shelf.expect("a")
    shelf.announce("a")
    assert not shelf.is_hollow("a")


def test_what_is_removed_is_gone() -> None:
    shelf = Shelf()
    shelf.announce("a")
    shelf.remove("a")
    assert "a" not in shelf


def test_the_oldest_are_forgotten() -> None:
    shelf = Shelf()
    for number in range(ITEMS_MAX + 1):
        shelf.announce(str(number))
    assert "0" not in shelf
    assert "1" in shelf


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=30))
def test_predecessors_agree_with_the_order(steps: list[tuple[int, bool]]) -> None:
    """Whatever is inserted where: the client can rebuild the order from what it was told."""
    shelf, mine, kept = Shelf(), [], []  # type: ignore[var-annotated]
    for number, (place, hollow) in enumerate(steps):
        id = str(number)
        if hollow:
            previous = shelf.announce(id)
        else:
            after = kept[place % len(kept)] if kept else None
            previous = shelf.insert(id, after)
            kept.append(id)
        mine.insert(mine.index(previous) + 1 if previous else 0, id)
    assert [shelf.before(id) for id in mine] == [None, *mine[:-1]][: len(mine)]
