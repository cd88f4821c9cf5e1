"""The prompt: an order every chat template accepts, and nothing that was not heard."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm import Message, ToolCall
from voice_server.conversation.prompt import CUT, UNANSWERED, messages
from voice_server.events import Item

pytestmark = pytest.mark.pure


def user(text: str) -> Item:
    return Item(f"u {text}", text=text)


def assistant(text: str, *, cut: bool = False) -> Item:
    status = "incomplete" if cut else "completed"
    return Item(f"a {text}", role="assistant", text=text, status=status)  # type: ignore[arg-type]


def called(call: str, name: str = "look") -> Item:
    return Item(f"c {call}", "tool_call", text="{}", name=name, call=call)


def result(call: str, text: str) -> Item:
    return Item(f"r {call}", "tool_result", text=text, call=call)


def said(*items: Item) -> list[tuple[str, str]]:
    return [(line.role, line.content) for line in messages(items, "Be kind.")[1:]]


def test_the_prompt_is_the_instructions_and_the_lines_in_order() -> None:
    items = [user("Hi."), assistant("Hello."), user("Bye.")]
    assert messages(items, "Be kind.") == [
        Message("system", "Be kind."),
        Message("user", "Hi."),
        Message("assistant", "Hello."),
        Message("user", "Bye."),
    ]


def test_a_cut_reply_shows_where() -> None:
    assert said(user("Go."), assistant(" Once upon a ", cut=True)) == [
        ("user", "Go."),
        ("assistant", f"Once upon a{CUT}"),
    ]


@pytest.mark.parametrize("heard", ["", "  \n"])
def test_a_reply_nobody_heard_was_not_said(heard: str) -> None:
    lines = said(user("Wait."), assistant(heard, cut=True), user("Go on."))
    assert lines == [("user", "Wait. Go on.")]


def test_lines_of_one_speaker_in_a_row_become_one() -> None:
    lines = said(user("Hi."), assistant("Hello."), assistant("Dinner is ready.", cut=True))
    assert lines == [("user", "Hi."), ("assistant", f"Hello. Dinner is ready.{CUT}")]


def test_what_the_assistant_said_first_goes_into_the_instructions() -> None:
    system, *rest = messages([assistant("This is the kitchen."), user("Hi.")], "Be brief.")
    assert system.content == "Be brief.\n\nYou began by saying: This is the kitchen."
    assert rest == [Message("user", "Hi.")]


def test_instructions_that_came_later_stand_in_front() -> None:
    items = [user("Hi."), Item("s", role="system", text="The user is a child."), user("Why?")]
    assert messages(items, "Be kind.") == [
        Message("system", "Be kind.\n\nThe user is a child."),
        Message("user", "Hi. Why?"),
    ]


def test_a_call_belongs_to_what_was_said_before_it_and_its_answer_follows() -> None:
    items = [user("Is it warm?"), assistant("Let me look."), called("1"), result("1", "20 °C")]
    assert messages([*items, assistant("It is.")], "x")[1:] == [
        Message("user", "Is it warm?"),
        Message("assistant", "Let me look.", (ToolCall("1", "look", "{}"),)),
        Message("tool", "20 °C", tool_call_id="1"),
        Message("assistant", "It is."),
    ]


def test_an_answer_that_came_late_is_read_where_it_was_asked_for() -> None:
    items = [user("Look."), called("1"), user("Hello?"), result("1", "Nothing.")]
    assert messages(items, "x")[1:] == [
        Message("user", "Look."),
        Message("assistant", "", (ToolCall("1", "look", "{}"),)),
        Message("tool", "Nothing.", tool_call_id="1"),
        Message("user", "Hello?"),
    ]


def test_calls_side_by_side_are_one_line_and_an_open_one_says_so() -> None:
    items = [user("Look."), called("1"), called("2"), result("2", "Two.")]
    lines = messages(items, "x")[2:]
    assert [call.id for call in lines[0].tool_calls] == ["1", "2"]
    assert [(line.tool_call_id, line.content) for line in lines[1:]] == [
        ("1", UNANSWERED),
        ("2", "Two."),
    ]


def test_an_answer_to_nothing_is_left_out() -> None:
    assert said(user("Hi."), result("9", "What?")) == [("user", "Hi.")]


texts = st.sampled_from(["", "Hi.", "Go on.", " "])
entries = st.one_of(
    st.builds(user, texts),
    st.builds(assistant, texts, cut=st.booleans()),
    st.builds(called, st.sampled_from("123")),
    st.builds(result, st.sampled_from("1234"), texts),
)


@given(st.lists(entries, max_size=12))
def test_roles_alternate_and_every_call_is_answered_once(items: list[Item]) -> None:
    lines = messages(items, "x")
    assert [line.role for line in lines].count("system") == 1
    assert ("user", "user") not in pairwise(line.role for line in lines)
    for place, line in enumerate(lines):
        answers = lines[place + 1 : place + 1 + len(line.tool_calls)]
        assert [answer.tool_call_id for answer in answers] == [c.id for c in line.tool_calls]
    asked = sum(len(line.tool_calls) for line in lines)
    assert [line.role for line in lines].count("tool") == asked


def test_the_prompt_grows_at_its_end_only() -> None:
    items: list[Item] = []
    before = messages(items, "Be kind.")
    for number in range(10):
        items += [user(f"question {number}"), assistant(f"answer {number}")]
        now = messages(items, "Be kind.")
        assert now[: len(before)] == before
        before = now
