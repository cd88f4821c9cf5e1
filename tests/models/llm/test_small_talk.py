"""What the offline responder understands, from recognisers that drop case, commas and letters."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.llm import Message
from models.llm.small_talk import HELP, INTRODUCTION, JOKES, LIST, MARKDOWN, answer, story

pytestmark = pytest.mark.pure

_NOW = datetime(2026, 11, 21, 15, 7)


def _user(text: str) -> Message:
    return Message("user", text)


def _heard(text: str) -> Message:
    return Message("assistant", text)


def _ask(text: str, *before: Message) -> str:
    return answer([Message("system", "Be brief."), *before, _user(text)], _NOW)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=200), max_size=3), st.text(max_size=2000))
def test_anything_said_gets_a_reply_of_bounded_length(before: list[str], text: str) -> None:
    reply = _ask(text, *map(_user, before))
    assert len(reply) <= max(len(story()), 1000)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["count to", "count from", "count down from", "spell", "say", "repeat", ""]),
    st.lists(st.sampled_from(["ten", "to", "from", "a", "million", "minus", "and", "the"])),
)
def test_commands_said_badly_get_a_reply(command: str, words: list[str]) -> None:
    assert _ask(f"{command} {' '.join(words)}")


@pytest.mark.parametrize("text", ["hello", "Hi there!", "who are you", "what's your name"])
def test_it_says_that_it_is_no_language_model(text: str) -> None:
    assert INTRODUCTION in _ask(text)
    assert "not a language model" in INTRODUCTION


def test_it_greets_shortly_the_second_time() -> None:
    assert _ask("hello", _user("hello"), _heard("Hello.")) == "Hello again. What shall we try?"
    assert _ask("who are you", _heard("Hello.")) == INTRODUCTION


def test_without_a_question_it_introduces_itself() -> None:
    assert answer([Message("system", "Be brief.")], _NOW) == INTRODUCTION


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("Repeat after me: the quick, brown fox!", "The quick, brown fox!"),
        ("repeat after me the quick brown fox", "The quick brown fox"),
        ("Please say good morning.", "Good morning."),
        ("say nothing", ""),
        ("count to five", "One, two, three, four, five."),
        ("Could you count to 3 please?", "One, two, three."),
        ("count two three", "One, two, three."),
        ("count from nine to twelve", "Nine, ten, eleven, twelve."),
        ("count down from three", "Three, two, one."),
        ("count backwards from five to four", "Five, four."),
        ("count to a million", "I count to one hundred at most."),
        ("what is seven times eight", "Seven times eight is fifty six."),
        ("So what is two plus two?", "Two plus two is four."),
        ("what time is it", "It is three oh seven in the afternoon."),
        ("tell me the time", "It is three oh seven in the afternoon."),
        (
            "what day is it today",
            "Today is Saturday, the twenty first of November, twenty twenty six.",
        ),
        ("spell the word cat", "C, A, T."),
        ("can you spell banana", "B, A, N, A, N, A."),
        ("tell me a long story", story()),
        ("keep talking", story()),
        ("give me a list", LIST),
        ("test mark down", MARKDOWN),
        ("what can you do", HELP),
        ("help", HELP),
        ("stop", "Okay."),
        ("no wait", "Okay."),
        ("Never mind.", "Okay."),
        ("thank you very much", "You are welcome."),
        ("bye bye", "Goodbye."),
    ],
)
def test_what_it_understands(text: str, reply: str) -> None:
    assert _ask(text) == reply


def test_jokes_differ() -> None:
    assert {_ask("tell me a joke", *[_user("ha")] * count) for count in range(3)} == set(JOKES)


def test_it_knows_what_was_said_before() -> None:
    before = (_user("My name is Bob."), _heard("You said: My name is Bob."))
    assert _ask("what did I say", *before) == "Before that, you said: My name is Bob."
    assert _ask("what did I say") == "That was the first thing you said to me."


@pytest.mark.parametrize("text", ["what did you say", "where were you", "what have I heard"])
def test_it_knows_what_was_heard(text: str) -> None:
    before = (_user("tell me a story"), _heard("Once upon a time, at the end"))
    assert _ask(text, *before).endswith("Once upon a time, at the end")
    assert _ask(text) == "You have not heard anything from me yet."


def test_it_says_its_last_reply_again() -> None:
    assert _ask("Say that again, please.", _heard("It is four.")) == "It is four."
    assert _ask("can you repeat that") == "I have not said anything yet."


def test_the_story_goes_on_after_the_last_word_heard() -> None:
    words = story().split()
    heard = _heard(" ".join(words[:40]))
    rest = _ask("go on", heard)
    assert rest == " ".join(words[40:])
    assert _ask("continue", heard, _user("what did you say"), _heard("The last words")) == rest
    cut_off = _heard(f"{heard.content} —")
    assert _ask("go on", cut_off) == rest


def test_there_may_be_nothing_to_go_on_with() -> None:
    assert "tell me a long story" in _ask("go on", _heard("Two plus two is four, as you know."))


def test_the_story_lasts_a_minute() -> None:
    assert len(story().split()) >= 250, "people and voices speak about 180 words a minute"


def test_what_it_cannot_answer_is_repeated_with_two_things_to_try() -> None:
    reply = _ask("Turn on the radio.")
    assert reply.startswith("You said: Turn on the radio. ")
    assert reply.count('"') == 4


@pytest.mark.parametrize("text", ["", "...", "😀"])
def test_no_words_are_no_question(text: str) -> None:
    assert _ask(text).startswith("I did not hear any words.")


def test_only_the_beginning_of_a_long_speech_is_considered() -> None:
    assert _ask("blah " * 400 + "tell me a joke").startswith("You said: blah blah")
