"""Clauses do not depend on how the text came in, lose nothing, and never speak a thought."""

import re
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.chunks import cut_points
from voice_server.conversation.clauses import (
    CLAUSE_CHARS,
    CLAUSE_CHARS_MAX,
    FIRST_WORDS_MAX,
    Clause,
    ClauseCutter,
)

pytestmark = pytest.mark.pure

UNSPOKEN = re.compile(r"<think>.*?(?:</think>|\Z)|```.*?(?:```|\Z)", re.DOTALL)

FRAGMENTS = (
    *("word", "a", "Dr.", "3.14", "e.g.", "it is", "你好", "🙂", "x" * 120),
    *(" ", " ", " ", "\n", "\t", ". ", ", ", "! ", "。", "，", "…", '." ', "?", ",", "."),
    *("<think>", "</think>", "```", "`", "<", "</thi", "``"),
)
texts = st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=80).map(
    "".join
)


def cut_text(text: str, points: list[int]) -> list[Clause]:
    """Feed `text` in the pieces that `points` make."""
    cutter = ClauseCutter()
    clauses: list[Clause] = []
    edges = [0, *sorted(min(point, len(text)) for point in points), len(text)]
    for start, end in pairwise(edges):
        clauses += cutter.feed(text[start:end])
    return clauses + cutter.finish()


def whole(text: str) -> list[Clause]:
    return cut_text(text, [])


def spoken(text: str) -> list[str]:
    return [clause.text for clause in whole(text)]


@given(texts, cut_points(400))
@example("one two three four five six seven eight nine ten. Eleven.", list(range(60)))
@example(f"{'word ' * 59}and then, more", list(range(400)))
@example("x" * 299 + ". " + "y" * 299 + "。z", list(range(700)))
def test_it_makes_no_difference_how_the_text_came_in(text: str, points: list[int]) -> None:
    assert cut_text(text, points) == whole(text)
    assert cut_text(text, list(range(len(text)))) == whole(text)


@given(texts)
def test_every_clause_stands_where_it_says(text: str) -> None:
    end = 0
    for clause in whole(text):
        assert clause.text == text[clause.start : clause.start + len(clause.text)]
        assert clause.text == clause.text.strip() != ""
        assert clause.start >= end
        end = clause.start + len(clause.text)


@given(texts)
def test_nothing_is_lost_but_white_space_and_what_is_not_spoken(text: str) -> None:
    kept = "".join(spoken(text))
    assert "".join(kept.split()) == "".join(UNSPOKEN.sub("", text).split())


@given(texts)
def test_no_clause_is_too_long(text: str) -> None:
    assert all(len(clause.text) <= CLAUSE_CHARS_MAX for clause in whole(text))


@pytest.mark.parametrize(
    "text",
    [
        "Pi is 3.14 roughly.",
        "Be there at 10:30 sharp.",
        "Take fruit, e.g. apples.",
        "That is, i.e. this one.",
        "Ask Dr. Who or Mrs. Dalloway vs. Mr. Darcy.",
        "J. R. R. Tolkien wrote it.",
        "Look at example.com please.",
        "Is it 1,000.50 or less?",
    ],
)
def test_some_points_end_nothing(text: str) -> None:
    """After a first clause, so that words alone do not end one."""
    assert spoken(f"Well then: {text} Next.")[1:] == [text, "Next."]


def test_the_first_clause_comes_early() -> None:
    cutter = ClauseCutter()
    assert cutter.feed("Well, of course,") == []
    assert [clause.text for clause in cutter.feed(" you may.")] == ["Well, of course,"]


def test_without_punctuation_the_first_clause_is_a_number_of_words() -> None:
    cutter = ClauseCutter()
    words = [f"w{number}" for number in range(FIRST_WORDS_MAX + 1)]
    assert cutter.feed(" ".join(words)) == []
    (clause,) = cutter.feed(" ")
    assert clause.text == " ".join(words[:FIRST_WORDS_MAX])


def test_one_word_and_a_full_stop_are_a_clause() -> None:
    assert spoken("Yes. It is.") == ["Yes.", "It is."]


def test_later_clauses_end_at_commas_only_once_they_are_long() -> None:
    long = "a" * CLAUSE_CHARS
    assert spoken(f"Yes. One, two, {long}, three.") == ["Yes.", f"One, two, {long},", "three."]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("你好。今天天气很好！你呢？", ["你好。", "今天天气很好！", "你呢？"]),
        ("はい。そうです。", ["はい。", "そうです。"]),
        ("नमस्ते। आप कैसे हैं।", ["नमस्ते।", "आप कैसे हैं।"]),
        ("هل أنت هنا؟ نعم.", ["هل أنت هنا؟", "نعم."]),
        ("جی ہاں۔ شکریہ۔", ["جی ہاں۔", "شکریہ۔"]),
        ("Բարև։ Այո։", ["Բարև։", "Այո։"]),
        ("ሰላም። አዎ።", ["ሰላም።", "አዎ።"]),
        ("¿Qué tal? ¡Muy bien! Sí…", ["¿Qué tal?", "¡Muy bien!", "Sí…"]),
    ],
)
def test_sentences_end_in_many_scripts(text: str, clauses: list[str]) -> None:
    assert spoken(text) == clauses


def test_closing_quotes_stay_with_their_sentence() -> None:
    assert spoken('He said "no." Then he left.') == ['He said "no."', "Then he left."]


@given(cut_points(60))
def test_thoughts_are_never_spoken(points: list[int]) -> None:
    text = "Hm. <think>Say nothing. Really, ``` no </thin>!</think> Good day."
    assert [clause.text for clause in cut_text(text, points)] == ["Hm.", "Good day."]


@given(cut_points(60))
def test_a_thought_without_end_is_never_spoken(points: list[int]) -> None:
    clauses = cut_text("Hello there. <think>I wonder. And wonder. </think", points)
    assert [clause.text for clause in clauses] == ["Hello there."]


def test_what_only_looks_like_a_thought_is_spoken() -> None:
    assert spoken("If a <thin line") == ["If a <thin line"]
    assert spoken("Use `ls` there. And <") == ["Use `ls` there.", "And <"]


def test_code_is_not_spoken() -> None:
    text = "Try this:\n```python\nprint('<think>')\n```\nThat is all."
    assert spoken(text) == ["Try this:", "That is all."]


def test_a_text_without_spaces_comes_in_pieces() -> None:
    clauses = whole("x" * 10_240)
    assert "".join(clause.text for clause in clauses) == "x" * 10_240
    assert {len(clause.text) for clause in clauses[:-1]} == {CLAUSE_CHARS_MAX}


def test_long_text_ends_at_a_space() -> None:
    clauses = spoken("Yes. " + "abcdefg " * 100)
    assert all(set(clause.split()) == {"abcdefg"} for clause in clauses[1:])


@pytest.mark.parametrize("text", ["", " ", "\n\n", "<think></think>", "```x```"])
def test_nothing_gives_nothing(text: str) -> None:
    assert whole(text) == []


def test_emoji_are_left_to_the_next_room() -> None:
    assert spoken("🙂🙂👨‍👩‍👧") == ["🙂🙂👨‍👩‍👧"]


def test_a_clause_shows_nobody_its_words() -> None:
    assert "secret" not in repr(whole("secret")[0])
