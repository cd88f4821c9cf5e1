"""History keeps items in their order, within its size, and forgets whole exchanges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.history import FRONT, ITEM_BYTES, ITEMS_MAX, History, ItemError
from voice_server.events import Item

pytestmark = pytest.mark.pure

roles = st.sampled_from(("user", "assistant"))
lines = st.lists(st.tuples(roles, st.text(min_size=1, max_size=30)))


def remembered(said: list[tuple[str, str]], bytes_max: int) -> History:
    history = History(bytes_max)
    for number, (role, text) in enumerate(said):
        history.add(Item(f"item_{number}", role=role, text=text))  # type: ignore[arg-type]
    return history


def ids(history: History) -> list[str]:
    return [item.id for item in history.items]


def test_items_are_kept_in_order_and_say_what_is_before_them() -> None:
    history = History(1000)
    assert history.add(Item("a")) is None
    assert history.add(Item("b")) == "a"
    assert ids(history) == ["a", "b"]


@pytest.mark.parametrize(
    ("after", "before", "order"),
    [
        (None, "c", ["a", "b", "c", "new"]),
        (FRONT, None, ["new", "a", "b", "c"]),
        ("a", "a", ["a", "new", "b", "c"]),
        ("c", "c", ["a", "b", "c", "new"]),
    ],
)
def test_an_item_goes_exactly_where_it_is_put(
    after: str | None, before: str | None, order: list[str]
) -> None:
    history = History(1000)
    for id in "abc":
        history.add(Item(id))
    assert history.add(Item("new"), after) == before
    assert ids(history) == order


def test_what_cannot_be_done_is_refused_and_nothing_changes() -> None:
    history = remembered([("user", "Hi.")], 1000)
    with pytest.raises(ItemError, match="'item_0' already"):
        history.add(Item("item_0"))
    with pytest.raises(ItemError, match="no item 'gone'"):
        history.add(Item("new"), "gone")
    with pytest.raises(ItemError, match="no item 'gone'"):
        history.remove("gone")
    assert not history.change(Item("gone"))
    assert ids(history) == ["item_0"]


def test_an_item_is_put_right_in_its_place() -> None:
    history = remembered([("user", "Hi."), ("assistant", ""), ("user", "Bye.")], 1000)
    assert history.change(Item("item_1", role="assistant", text="Hello."))
    assert [item.text for item in history.items] == ["Hi.", "Hello.", "Bye."]


def test_an_item_is_taken_out() -> None:
    history = remembered([("user", "Hi."), ("assistant", "Hello.")], 1000)
    history.remove("item_0")
    assert ids(history) == ["item_1"]
    assert history.find("item_0") is None


def test_a_copy_is_changed_apart() -> None:
    history = remembered([("user", "Hi.")], 1000)
    copy = history.copy()
    copy.add(Item("new"))
    assert (ids(history), ids(copy)) == (["item_0"], ["item_0", "new"])


@given(lines, st.integers(1, 200))
def test_size_is_bounded_and_what_is_left_is_the_newest(
    said: list[tuple[str, str]], bytes_max: int
) -> None:
    kept = remembered(said, bytes_max).items
    weight = sum(ITEM_BYTES + len(item.text.encode(errors="replace")) for item in kept)
    assert weight <= bytes_max or len(kept) <= 1
    assert [item.id for item in kept] == [f"item_{n}" for n in range(len(said))][
        -len(kept) or len(said) :
    ]


@given(lines)
def test_once_something_was_forgotten_the_rest_begins_with_the_user(
    said: list[tuple[str, str]],
) -> None:
    everything = [("user", "Begin."), *said, ("user", "End.")]
    assert remembered(everything, 300).items[0].role == "user"


def test_whole_exchanges_are_forgotten_with_their_tool_calls() -> None:
    history = History(200)
    history.add(Item("q1", text="a" * 40))
    history.add(Item("call", "tool_call", call="c", name="look"))
    history.add(Item("result", "tool_result", text="b" * 40, call="c"))
    history.add(Item("a1", role="assistant", text="c" * 40))
    history.add(Item("q2", text="d" * 40))
    assert ids(history) == ["q2"]


def test_instructions_among_the_items_stay() -> None:
    history = History(150)
    history.add(Item("s", role="system", text="Be kind."))
    for number in range(9):
        history.add(Item(f"q{number}", text="a" * 40))
    assert ids(history)[0] == "s"
    assert ids(history)[-1] == "q8"


def test_no_item_is_larger_than_everything_may_be() -> None:
    history = remembered([("user", "wörd " * 1000)], 100)
    (item,) = history.items
    assert len(item.text.encode()) <= 100
    assert item.text.endswith("wörd ")


def test_there_are_only_so_many_items() -> None:
    history = remembered([("user", "")] * (ITEMS_MAX + 5), 10_000_000)
    assert len(history.items) == ITEMS_MAX


def test_half_an_emoji_can_be_remembered() -> None:
    history = remembered([("user", "\ud83d"), ("assistant", "\ude42" * 50), ("user", "x")], 30)
    assert history.items[-1].text == "x"


def test_nobodys_words_are_shown() -> None:
    assert "secret" not in repr(remembered([("user", "secret")], 1000).items)
