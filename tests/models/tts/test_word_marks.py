"""From word events to marks that tile the text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.tts import SpeechChunk, WordMark
from models.tts.word_marks import WordTracker, shifted

pytestmark = pytest.mark.pure

Event = tuple[int, int, int]
"""char, length, sample"""


def marks_of(text: str, events: list[Event], end_sample: int = 1000) -> list[WordMark]:
    tracker = WordTracker(text)
    marks = [mark for event in events for mark in tracker.begin(*event)]
    return marks + tracker.finish(end_sample)


def told(text: str, marks: list[WordMark]) -> list[tuple[str, int, int]]:
    return [
        (text[mark.start_char : mark.end_char], mark.start_sample, mark.end_sample)
        for mark in marks
    ]


@pytest.mark.parametrize(
    ("text", "events", "expected"),
    [
        ("one two", [(0, 3, 0), (4, 3, 50)], [("one", 0, 50), ("two", 50, 1000)]),
        ("of the cat", [(0, 2, 0), (7, 3, 50)], [("of the", 0, 50), ("cat", 50, 1000)]),
        ("12 pm", [(0, 2, 0), (1, 2, 9), (3, 2, 50)], [("12", 0, 50), ("pm", 50, 1000)]),
        ('say "no" now', [(0, 3, 0), (5, 2, 20), (9, 3, 40)],
         [("say", 0, 20), ('"no"', 20, 40), ("now", 40, 1000)]),
        ('"No" she', [(1, 2, 5), (5, 3, 20)], [('"No"', 5, 20), ("she", 20, 1000)]),
        ("well-known", [(0, 4, 0), (5, 5, 30)], [("well-", 0, 30), ("known", 30, 1000)]),
        ("你好，我", [(0, 1, 0), (3, 1, 30)], [("你好，", 0, 30), ("我", 30, 1000)]),
        ("three. one two", [(0, 5, 0), (6, 1, 20), (11, 3, 50)],
         [("three.", 0, 20), ("one", 20, 50), ("two", 50, 1000)]),
        ("three. one", [(0, 5, 0), (6, 1, 20)], [("three.", 0, 20), ("one", 20, 1000)]),
        ("😀 ok", [(0, 1, 0), (1, 1, 20), (2, 2, 50)], [("😀", 0, 50), ("ok", 50, 1000)]),
        ("a ", [(0, 1, 0), (1, 1, 20)], [("a", 0, 1000)]),
        ("— a", [(2, 1, 7)], [("a", 7, 1000)]),
        ("a", [(0, 1, 0), (1, 1, 5), (-1, 1, 6)], [("a", 0, 1000)]),
        ("...", [], []),
    ],
)  # fmt: skip
def test_marks(text: str, events: list[Event], expected: list[tuple[str, int, int]]) -> None:
    assert told(text, marks_of(text, events)) == expected


@given(
    st.text('ab ."', max_size=20),
    st.lists(st.tuples(st.integers(-2, 25), st.integers(0, 8)), max_size=12),
)
def test_whatever_an_engine_tells_marks_are_in_order_and_in_the_text(
    text: str, places: list[tuple[int, int]]
) -> None:
    events = [(char, length, 10 * index) for index, (char, length) in enumerate(places)]
    marks = marks_of(text, events)
    edges = [edge for mark in marks for edge in (mark.start_char, mark.end_char)]
    times = [edge for mark in marks for edge in (mark.start_sample, mark.end_sample)]
    assert edges == sorted(edges)
    assert times == sorted(times)
    assert all(0 <= edge <= len(text) for edge in edges)
    assert all(text[mark.start_char : mark.end_char].strip() for mark in marks)


def test_a_sentence_ends_before_the_next_one_begins() -> None:
    tracker = WordTracker("Yes. No.", exact=False)
    assert tracker.begin(0, 3, 0) == []
    assert tracker.finish(50, before_char=5) == [WordMark(0, 4, 0, 50, exact=False)]
    assert tracker.begin(5, 2, 60) == []
    assert tracker.finish(90) == [WordMark(5, 8, 60, 90, exact=False)]


def test_shifted() -> None:
    chunk = SpeechChunk(np.zeros(3, np.int16), (WordMark(1, 2, 3, 4, exact=False),))
    moved = shifted(chunk, chars=10, samples=100)
    assert moved.marks == (WordMark(11, 12, 103, 104, exact=False),)
    assert moved.samples is chunk.samples
