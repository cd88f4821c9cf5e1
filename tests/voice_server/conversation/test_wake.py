"""The wake phrase: found however it is written, nowhere else; and how long the door stays open."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.wake import WakeGate, after_phrase, distance
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.pure

PHRASES = ("hey computer", "Élise")
SETTINGS = TurnSettings(wake_phrases=PHRASES, wake_open_ms=1000)
WORDS = st.text(string.ascii_lowercase, min_size=1, max_size=12)
SHORT = st.text("abc", max_size=8)


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("Hey computer, what time is it?", "what time is it?"),
        ("HEY, COMPUTER! What time is it?", "What time is it?"),
        ("Heycomputer what time", "what time"),
        ("Hey compute her what time", "her what time"),
        ("Hay computers. What time?", "What time?"),
        ("… hey computer", ""),
        ("Hey, computer…", ""),
        ("elise ¿qué hora es?", "qué hora es?"),
        ("E\u0301lise, und jetzt?", "und jetzt?"),
    ],
)
def test_what_follows_the_phrase_is_the_question(said: str, question: str) -> None:
    assert after_phrase(said, PHRASES) == question


@pytest.mark.parametrize(
    "said",
    [
        "",
        "…",
        "What time is it?",
        "I said hey computer, what time is it?",
        "Hey commander, what time is it?",
        "Hey.",
        "Computer, what time is it?",
        "Hey there computer",
    ],
)
def test_nothing_else_is_the_phrase(said: str) -> None:
    assert after_phrase(said, PHRASES) is None


def test_words_need_no_spaces_where_a_language_has_none() -> None:
    assert after_phrase("小爱同学,今天天气怎么样?", ("小爱同学",)) == "今天天气怎么样?"
    assert after_phrase("小明同学,今天天气怎么样?", ("小爱同学",)) is None, "four signs, no error"


def test_a_short_phrase_allows_no_error() -> None:
    assert after_phrase("Bob, what time?", ("Bob",)) == "what time?"
    assert after_phrase("Rob, what time?", ("Bob",)) is None


def test_of_two_phrases_the_better_match_counts() -> None:
    assert after_phrase("Okay computer now", ("okay compute", "okay computer")) == "now"


@given(st.sampled_from(PHRASES), st.lists(WORDS), st.sampled_from(" ,.!?"))
def test_any_question_comes_through_whole(phrase: str, words: list[str], mark: str) -> None:
    question = " ".join(words)
    for spoken in (phrase.upper(), phrase.title(), f" {phrase}"):
        assert after_phrase(f"{spoken}{mark} {question}", (phrase,)) == question


@given(st.data())
def test_one_letter_may_be_wrong(data: st.DataObject) -> None:
    letters = "computer"
    at = data.draw(st.integers(1, len(letters) - 2))
    wrong = (
        letters[:at] + data.draw(st.sampled_from(["", "x", letters[at] + "x"])) + letters[at + 1 :]
    )
    assert after_phrase(f"{wrong} and now", (letters,)) == "and now"


@given(st.text(max_size=100), st.text(max_size=20))
def test_any_text_is_judged(text: str, phrase: str) -> None:
    question = after_phrase(text, (phrase,))
    assert question is None or len(question) < len(text) + 20


@given(SHORT, SHORT, SHORT)
def test_the_distance_is_one(one: str, two: str, three: str) -> None:
    assert (distance(one, two) == 0) == (one == two)
    assert distance(one, two) == distance(two, one)
    assert distance(one, three) <= distance(one, two) + distance(two, three)
    assert abs(len(one) - len(two)) <= distance(one, two) <= max(len(one), len(two))


def test_an_error_is_a_letter_too_many_too_few_or_another() -> None:
    assert distance("kitten", "sitting") == 3


# The door ------------------------------------------------------------------------------------


def pass_time(gate: WakeGate, ms: int, *, asked: bool = False, answered: bool = False) -> int:
    """How often it shut."""
    frames = range(ms // 10)
    return sum(gate.frame(asked=asked, answered=answered, settings=SETTINGS) for _ in frames)


def test_the_door_is_shut_until_the_phrase_and_after_a_while() -> None:
    gate = WakeGate()
    assert not gate.passes(SETTINGS)
    assert gate.wake(SETTINGS)
    assert gate.passes(SETTINGS)
    assert pass_time(gate, 990) == 0
    assert gate.passes(SETTINGS)
    assert pass_time(gate, 2000) == 1
    assert not gate.passes(SETTINGS)


def test_the_time_waits_for_a_question_and_begins_anew_after_an_answer() -> None:
    gate = WakeGate()
    gate.wake(SETTINGS)
    pass_time(gate, 600)
    pass_time(gate, 60_000, asked=True)
    assert pass_time(gate, 390) == 0
    pass_time(gate, 60_000, answered=True)
    assert pass_time(gate, 990) == 0
    assert pass_time(gate, 10) == 1


def test_an_answer_opens_no_door_that_is_shut() -> None:
    gate = WakeGate()
    pass_time(gate, 1000, answered=True)
    assert not gate.passes(SETTINGS)


def test_waking_again_is_no_news_and_gives_the_whole_time() -> None:
    gate = WakeGate()
    gate.wake(SETTINGS)
    pass_time(gate, 900)
    assert not gate.wake(SETTINGS)
    assert pass_time(gate, 990) == 0


def test_without_phrases_or_by_hand_everything_passes() -> None:
    assert WakeGate().passes(TurnSettings())
    assert WakeGate().passes(TurnSettings(wake_phrases=PHRASES, mode="manual"))
