"""What somebody said is a line, what anything else is, is none."""

import json

import pytest

from voice_server import events as ev
from voice_server.transcripts.utterances import Utterance, day, timestamp, utterance

pytestmark = pytest.mark.pure

NOON = 1_795_262_400.0
"""2026-11-21, 12:00 UTC."""


def final(text: str) -> ev.FinalTranscript:
    return ev.FinalTranscript(1, text, "en", 0.9, (), 1200)


def said(event: ev.ServerEvent) -> Utterance | None:
    return utterance(event, session="ses_1", user="alice", now=NOON + 0.25)


def test_the_time_is_utc() -> None:
    assert timestamp(NOON + 0.25) == "2026-11-21T12:00:00.250Z"
    assert day(NOON + 12 * 3600 - 0.001) == "2026-11-21"
    assert day(NOON + 12 * 3600) == "2026-11-22"


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (final("Hello."), {"role": "user", "text": "Hello.", "language": "en"}),
        (ev.ItemAdded(ev.Item("i", text="typed"), None), {"role": "user", "text": "typed"}),
        (
            ev.ReplyDone(1, "interrupted", "As far as", {}, {}),
            {"role": "assistant", "text": "As far as", "status": "interrupted"},
        ),
    ],
)
def test_what_was_said(event: ev.ServerEvent, told: dict[str, str]) -> None:
    line = said(event)
    assert line is not None
    about = {"at": "2026-11-21T12:00:00.250Z", "session": "ses_1", "user": "alice"}
    assert json.loads(line.line()) == {**about, **told}


@pytest.mark.parametrize(
    "event",
    [
        final(""),
        ev.ReplyDone(1, "cancelled", "", {}, {}),
        ev.ItemAdded(ev.Item("i", text="spoken, and told as a final", spoken=True), None),
        ev.ItemAdded(ev.Item("i", role="assistant", text="told when it is done"), None),
        ev.ItemAdded(ev.Item("i", kind="tool_result", text="{}"), None),
        ev.ReplyText(1, "a piece"),
    ],
)
def test_what_nobody_said(event: ev.ServerEvent) -> None:
    assert said(event) is None


def test_a_line_is_a_line() -> None:
    line = said(final('two\nlines, "quoted", \u2028 and \U0001f600'))
    assert line is not None
    data = line.line()
    assert data.count(b"\n") == 1
    assert data.endswith(b"\n")
    assert json.loads(data)["text"].startswith("two\nlines")
