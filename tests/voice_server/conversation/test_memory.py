"""The memory tells what enters it, in order, and puts right what was heard."""

import pytest

from voice_server import events as ev
from voice_server.conversation.history import FRONT, ItemError
from voice_server.conversation.memory import Memory
from voice_server.naming import other_item, reply_item, turn_item

pytestmark = pytest.mark.pure

SESSION = "ses_0123456789abcdef"


def memory() -> tuple[Memory, list[ev.ServerEvent]]:
    told: list[ev.ServerEvent] = []
    return Memory(SESSION, 4096, told.append), told


def test_a_turn_and_its_reply_are_told_in_order() -> None:
    kept, told = memory()
    kept.user_said("Hi.", 1)
    kept.reply_began(1, spoken=True)
    kept.reply_ended(1, "Hel", cut=True)
    user = ev.Item(turn_item(SESSION, 1), text="Hi.", spoken=True)
    reply = ev.Item(reply_item(SESSION, 1), role="assistant", status="in_progress", spoken=True)
    heard = ev.Item(reply.id, role="assistant", text="Hel", status="incomplete", spoken=True)
    assert told == [
        ev.ItemAdded(user, None),
        ev.ItemAdded(reply, user.id),
        ev.ItemChanged(heard),
    ]
    assert list(kept.items) == [user, heard]


def test_what_was_typed_was_not_said_aloud() -> None:
    kept, _ = memory()
    kept.user_said("Hi.")
    kept.user_said("Ho.")
    assert [item.spoken for item in kept.items] == [False, False]
    assert len({item.id for item in kept.items}) == 2


def test_foreseen_words_are_not_remembered() -> None:
    kept, told = memory()
    kept.user_said("Hi.", 1)
    assert [item.text for item in kept.foreseen("Go on.")] == ["Hi.", "Go on."]
    assert len(kept.items) == len(told) == 1


def test_a_reply_grows_in_silence() -> None:
    kept, told = memory()
    kept.reply_began(1, spoken=True)
    kept.reply_grew(1, "Hello.")
    kept.reply_grew(2, "unknown")
    assert [item.text for item in kept.items] == ["Hello."]
    assert len(told) == 1


def test_a_reply_that_was_forgotten_is_not_put_right() -> None:
    kept, told = memory()
    kept.reply_began(1, spoken=True)
    kept.delete(reply_item(SESSION, 1))
    told.clear()
    kept.reply_ended(1, "Hello.", cut=False)
    assert (list(kept.items), told) == ([], [])


def test_calls_and_answers_are_items() -> None:
    kept, _ = memory()
    kept.tool_called(ev.ToolCalled(1, "call_1", "look", '{"a":1}'))
    kept.tool_returned("call_1", "Dark.", "mine")
    call, answer = kept.items
    assert (call.kind, call.call, call.name, call.text) == (
        "tool_call",
        "call_1",
        "look",
        '{"a":1}',
    )
    assert (answer.id, answer.kind, answer.call, answer.text) == (
        "mine",
        "tool_result",
        "call_1",
        "Dark.",
    )


def test_the_client_may_put_in_take_out_and_look() -> None:
    kept, told = memory()
    kept.insert(ev.Item("b"), None)
    kept.insert(ev.Item("a"), FRONT)
    kept.insert(ev.Item(""), "a")
    ids = [item.id for item in kept.items]
    assert (ids[0], ids[2]) == ("a", "b")
    assert ids[1]
    kept.delete("b")
    kept.show("a")
    kept.show(None)
    assert told[-3:] == [
        ev.ItemRemoved("b"),
        ev.ItemsShown((ev.Item("a"),), one=True),
        ev.ItemsShown((ev.Item("a"), ev.Item(ids[1])), one=False),
    ]


def test_what_is_not_there_is_named() -> None:
    kept, told = memory()
    for ask in (kept.show, kept.delete, kept.item):
        with pytest.raises(ItemError, match="no item 'gone'"):
            ask("gone")
    assert told == []


def test_names_that_the_client_took_break_nothing() -> None:
    kept, _ = memory()
    taken = (turn_item(SESSION, 1), reply_item(SESSION, 1), other_item(SESSION, 1))
    for id in taken:
        kept.insert(ev.Item(id, text="Mine."), None)
    kept.user_said("Hi.", 1)
    kept.user_said("Ho.")
    kept.reply_began(1, spoken=True)
    assert [item.text for item in kept.items] == ["Mine.", "Mine.", "Mine.", "Hi.", "Ho."]
    assert len({item.id for item in kept.items}) == 5
