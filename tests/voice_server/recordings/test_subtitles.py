"""Subtitles: exact files for a known passage, and the rules of reading for any."""

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.asr import Word
from voice_server.recordings.subtitles import (
    CUE_MS_MAX,
    LINE_CHARS_MAX,
    LINES_MAX,
    Passage,
    cues,
    write,
)

pytestmark = pytest.mark.pure


def passage(text: str, *, start_ms: int = 0, word_ms: int = 300, gap_ms: int = 0) -> Passage:
    """`text` spoken evenly."""
    words = []
    for index, word in enumerate(text.split()):
        at = start_ms + index * (word_ms + gap_ms)
        words.append(Word(word, at, at + word_ms, 0.9))
    return Passage(start_ms, words[-1].end_ms, text, tuple(words), "en", 0.9)


TWO = [passage("Hello there."), passage("Tom & Jerry <3", start_ms=3_723_004)]


def test_text_is_one_line_per_passage() -> None:
    assert write(TWO, "text") == "Hello there.\nTom & Jerry <3\n"


def test_srt_is_numbered_and_has_commas() -> None:
    assert write(TWO, "srt") == (
        "1\n00:00:00,000 --> 00:00:00,833\nHello there.\n"
        "\n2\n01:02:03,004 --> 01:02:04,204\nTom & Jerry <3\n"
    )


def test_vtt_has_its_header_and_entities() -> None:
    assert write(TWO, "vtt") == (
        "WEBVTT\n"
        "\n00:00:00.000 --> 00:00:00.833\nHello there.\n"
        "\n01:02:03.004 --> 01:02:04.204\nTom &amp; Jerry &lt;3\n"
    )


def test_json_has_words_in_seconds() -> None:
    document = json.loads(write(TWO, "json"))
    assert document["text"] == "Hello there. Tom & Jerry <3"
    assert document["language"] == "en"
    assert document["segments"][0]["words"][1] == {
        "word": "there.",
        "start": 0.3,
        "end": 0.6,
        "probability": 0.9,
    }


def test_nothing_said_is_still_a_file() -> None:
    assert write([], "text") == ""
    assert write([], "srt") == ""
    assert write([], "vtt") == "WEBVTT\n"
    assert json.loads(write([], "json"))["segments"] == []


def test_sentences_and_pauses_end_cues() -> None:
    assert [cue.lines for cue in cues([passage("One two. Three four.")])] == [
        ("One two.",),
        ("Three four.",),
    ]
    assert [cue.lines for cue in cues([passage("one two", gap_ms=700)])] == [("one",), ("two",)]


def test_two_lines_are_about_equally_long() -> None:
    text = "it was the best of times it was the worst of times"
    (cue,) = cues([passage(text, word_ms=200)])
    assert cue.lines == ("it was the best of times", "it was the worst of times")


def test_a_short_cue_stays_until_it_is_read_or_the_next_one_comes() -> None:
    first, second = cues([passage("Yes.", word_ms=100), passage("No.", start_ms=400, word_ms=100)])
    assert (first.start_ms, first.end_ms) == (0, 400)
    assert (second.start_ms, second.end_ms) == (400, 1233)


def test_a_language_without_spaces_keeps_none() -> None:
    words = (Word("今日は", 0, 500, 1.0), Word("暑い", 500, 900, 1.0))
    (cue,) = cues([Passage(0, 900, "今日は暑い", words, "ja")])
    assert cue.lines == ("今日は暑い",)


def test_without_word_times_words_are_spread() -> None:
    shown = cues([Passage(1000, 3000, "One. Two.")])
    assert [cue.start_ms for cue in shown] == [1000, 2000]


WORDS = st.lists(
    st.tuples(
        st.text(alphabet="abcdefgh.?", min_size=1, max_size=12),
        st.integers(0, 3000),  # pause before, ms
        st.integers(20, 2000),  # length, ms
    ),
    min_size=1,
    max_size=40,
)


def spoken(said: list[tuple[str, int, int]]) -> Passage:
    at, words = 0, []
    for text, pause_ms, length_ms in said:
        at += pause_ms
        words.append(Word(text, at, at + length_ms, 1.0))
        at += length_ms
    return Passage(0, at, " ".join(text for text, _, _ in said), tuple(words))


@given(WORDS)
def test_every_word_is_shown_once_and_in_order(said: list[tuple[str, int, int]]) -> None:
    shown = " ".join(" ".join(cue.lines) for cue in cues([spoken(said)]))
    assert shown.split() == [text for text, _, _ in said]


@given(WORDS)
def test_cues_can_be_read(said: list[tuple[str, int, int]]) -> None:
    shown = cues([spoken(said)])
    for cue in shown:
        assert 0 < cue.end_ms - cue.start_ms <= CUE_MS_MAX
        assert len(cue.lines) <= LINES_MAX
        assert all(len(line) <= LINE_CHARS_MAX for line in cue.lines)
    assert all(before.end_ms <= after.start_ms for before, after in pairwise(shown))


@given(WORDS)
def test_srt_can_be_parsed_back(said: list[tuple[str, int, int]]) -> None:
    blocks = write([spoken(said)], "srt").rstrip("\n").split("\n\n")
    for number, block in enumerate(blocks, start=1):
        head, times, *lines = block.split("\n")
        assert head == str(number)
        assert re.fullmatch(r"(\d\d:\d\d:\d\d,\d{3})( --> (\d\d:\d\d:\d\d,\d{3}))", times)
        assert lines
