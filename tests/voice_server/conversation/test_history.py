"""History remembers what was heard, in order, within its size, and begins with the user."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.llm import Message
from voice_server.conversation.history import CUT, History, Line

pytestmark = pytest.mark.pure

lines = st.lists(
    st.tuples(st.sampled_from(("user", "assistant")), st.text(min_size=1, max_size=30))
)


def remembered(said: list[tuple[str, str]], bytes_max: int) -> History:
    history = History(bytes_max)
    for role, text in said:
        if role == "user":
            history.user_said(text)
        else:
            history.assistant_said(text)
    return history


def test_the_prompt_is_the_instructions_and_the_lines_in_order() -> None:
    history = remembered([("user", "Hi."), ("assistant", "Hello."), ("user", "Bye.")], 1000)
    assert history.messages("Be kind.") == [
        Message("system", "Be kind."),
        Message("user", "Hi."),
        Message("assistant", "Hello."),
        Message("user", "Bye."),
    ]


def test_a_cut_reply_shows_where() -> None:
    history = remembered([("user", "Tell me.")], 1000)
    history.assistant_said(" Once upon a ", cut=True)
    assert history.lines[-1] == Line("assistant", f"Once upon a{CUT}")


@pytest.mark.parametrize("heard", ["", "  \n"])
def test_a_reply_nobody_heard_was_not_said(heard: str) -> None:
    history = remembered([("user", "Wait.")], 1000)
    history.assistant_said(heard, cut=True)
    history.user_said("Go on.")
    assert history.lines == (Line("user", "Wait. Go on."),)


@given(lines, st.integers(1, 200))
def test_size_is_bounded_and_what_is_left_is_the_newest(
    said: list[tuple[str, str]], bytes_max: int
) -> None:
    everything = remembered(said, 1_000_000).lines
    kept = remembered(said, bytes_max).lines
    assert sum(len(line.text.encode(errors="replace")) for line in kept) <= bytes_max
    assert len(kept) <= len(everything)
    for line, whole in zip(reversed(kept), reversed(everything), strict=False):
        assert line.role == whole.role
        assert whole.text.encode(errors="replace").endswith(line.text.encode(errors="replace"))


@given(lines)
def test_once_something_was_forgotten_the_prompt_begins_with_the_user(
    said: list[tuple[str, str]],
) -> None:
    kept = remembered([("user", "Begin."), *said], 300).lines
    assert kept[0].role == "user"


@given(lines)
def test_the_user_never_speaks_twice_in_a_row(said: list[tuple[str, str]]) -> None:
    roles = [line.role for line in remembered(said, 10_000).lines]
    assert ("user", "user") not in pairwise(roles)


def test_the_prompt_grows_at_its_end_only() -> None:
    history = History(1000)
    before = history.messages("Be kind.")
    for number in range(10):
        history.user_said(f"question {number}")
        history.assistant_said(f"answer {number}")
        now = history.messages("Be kind.")
        assert now[: len(before)] == before
        before = now


def test_whole_exchanges_are_forgotten() -> None:
    history = remembered([("user", "a" * 40), ("assistant", "b" * 40), ("user", "c" * 40)], 100)
    assert history.lines == (Line("user", "c" * 40),)


def test_a_greeting_is_forgotten_without_a_question() -> None:
    history = remembered([("assistant", "Hello!"), ("user", "a" * 97)], 100)
    assert history.lines == (Line("user", "a" * 97),)


def test_turns_without_replies_do_not_grow_for_ever() -> None:
    history = remembered([("user", "wörd")] * 1000, 100)
    (line,) = history.lines
    assert len(line.text.encode()) <= 100
    assert line.text.endswith(" wörd wörd")


def test_half_an_emoji_can_be_remembered() -> None:
    history = remembered([("user", "\ud83d"), ("assistant", "\ude42" * 50), ("user", "x")], 30)
    assert history.lines[-1].text == "x"


def test_nobodys_words_are_shown() -> None:
    assert "secret" not in repr(remembered([("user", "secret")], 1000).lines)


def test_what_the_assistant_said_first_goes_into_the_instructions() -> None:
    history = History(1024)
    history.assistant_said("Hello, this is the kitchen.")
    history.user_said("Hi.")
    system, user = history.messages("Be brief.")
    assert system.content == "Be brief.\n\nYou began by saying: Hello, this is the kitchen."
    assert (user.role, user.content) == ("user", "Hi.")


def test_replies_in_a_row_become_one() -> None:
    history = History(1024)
    history.user_said("Hi.")
    history.assistant_said("Hello.")
    history.assistant_said("Dinner is ready.", cut=True)
    assert [line.text for line in history.lines] == ["Hi.", "Hello. Dinner is ready. —"]
