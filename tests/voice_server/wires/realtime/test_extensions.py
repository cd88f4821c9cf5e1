"""Events of ours beside OpenAI's: for those who ask, and for nobody else."""

import pytest

from tests.support.realtime import Talk, answering
from voice_server import events as ev

pytestmark = pytest.mark.pure

EVENTS = (
    ev.SpeechStarted(2, 0, False),
    ev.PartialTranscript(2, 1, "Hello", " you", "en"),
    ev.TurnMeasured(1, 1, {"asr_ms": 12.0}),
    ev.AudioMarked(1, 2400, 4800, 0, 4, True),
)


def told(x_events: list[str]) -> list[dict[str, object]]:
    talk = Talk(strict=False, session={"x_events": x_events})
    answering(talk)
    ours = [one for one in talk.tell(*EVENTS) if one["type"].startswith("x.")]
    return [{key: value for key, value in one.items() if key != "event_id"} for one in ours]


def test_unasked_there_are_none() -> None:
    assert told([]) == []


def test_those_who_ask_get_them() -> None:
    partial, metrics, words = told(["transcript.partial", "metrics", "word_times", "unknown"])
    assert partial["type"] == "x.transcript.partial"
    assert (partial["stable"], partial["unstable"]) == ("Hello", " you")
    assert metrics["metrics"] == {"asr_ms": 12.0}
    assert words["type"] == "x.word_times"
    assert (words["start_ms"], words["end_ms"], words["end_char"]) == (100, 200, 4)


def test_each_can_be_had_alone() -> None:
    assert [one["type"] for one in told(["metrics"])] == ["x.metrics"]
