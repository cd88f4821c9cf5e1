"""web/transcript.js: what was said, with times, in the formats that other programs read."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

WRITE = """async ([events, format]) => {
  const { FORMATS, Transcript } = await import("/transcript.js");
  let base = 5000;
  const transcript = new Transcript((ms) => base + ms);
  for (const event of events) {
    if (event.type === "later") base += event.ms;
    else transcript.apply(event);
  }
  return FORMATS[format].write(transcript.utterances);
}"""

READY = {"type": "ready"}


def _said(item: str, at_ms: int, text: str, words: list[dict[str, Any]] | None = None) -> list[Any]:
    final = {"type": "transcript.final", "item": item, "text": text, "lang": "en"}
    return [
        {"type": "speech.started", "item": item, "ms": at_ms},
        {**final, "duration_ms": 1500, "words": words or []},
    ]


def _written(modules: Page, format: str, *events: object) -> str:
    written: str = modules.evaluate(WRITE, [list(events), format])
    return written


def test_text(modules: Page) -> None:
    events = [READY, *_said("turn_1", 700, "Hello."), *_said("turn_2", 4000, "Good bye.")]
    assert _written(modules, "txt", *events) == "Hello.\nGood bye.\n"


def test_subtitles_escape_what_players_would_take_for_something_else(modules: Page) -> None:
    events = [READY, *_said("turn_1", 3_661_001, "a --> b & <i>")]
    assert _written(modules, "srt", *events) == ("1\n01:01:01,001 --> 01:01:02,501\na → b & <i>\n")
    assert _written(modules, "vtt", *events) == (
        "WEBVTT\n\n01:01:01.001 --> 01:01:02.501\na --&gt; b &amp; &lt;i&gt;\n"
    )


def test_long_utterances_become_several_cues(modules: Page) -> None:
    words = [{"w": "word", "start_ms": i * 1000, "end_ms": i * 1000 + 900} for i in range(10)]
    lines = _written(modules, "srt", READY, *_said("turn_1", 0, "word " * 10, words)).splitlines()
    assert lines[1::4] == [
        "00:00:00,000 --> 00:00:05,900",
        "00:00:06,000 --> 00:00:09,900",
    ]
    assert lines[2::4] == ["word word word word word word", "word word word word"]


def test_a_second_session_goes_on_where_the_clock_is(modules: Page) -> None:
    later = {"type": "later", "ms": 60_000}
    events = [READY, *_said("turn_1", 700, "One."), later, READY, *_said("turn_1", 300, "Two.")]
    written = json.loads(_written(modules, "json", *events))
    assert [(piece["text"], piece["startMs"]) for piece in written] == [
        ("One.", 700),
        ("Two.", 60_300),
    ]


def test_turns_without_words_leave_nothing(modules: Page) -> None:
    assert _written(modules, "vtt", READY, *_said("turn_1", 0, "")) == "WEBVTT\n"
