"""A reply as the session sees it: what its task posts becomes events, and what to remember."""

import asyncio

import numpy as np
import pytest

from models.llm import ChatOptions
from models.tts import WordMark
from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.conversation.active_reply import UNSENT_MS_MAX, ActiveReply
from voice_server.conversation.playout import Playout
from voice_server.conversation.reply import AudioRoom, ReplyPlan
from voice_server.conversation.timeline import Timeline

pytestmark = pytest.mark.pure

RATE = 8000
TEXT = "One two. Three four."
SPANS = ((0, 3), (4, 8), (9, 14), (15, 20))


def reply() -> ActiveReply:
    plan = ReplyPlan(3, (), ChatOptions(), apology="", rate=RATE)
    return ActiveReply(
        number=3,
        plan=plan,
        cause="vad",
        turn=2,
        playout=Playout(3, RATE, 1000),
        room=AudioRoom(),
        timeline=Timeline(),
    )


def spoken() -> ActiveReply:
    """Four words of half a second each, written and voiced."""
    active = reply()
    marks = tuple(WordMark(s, e, i * 4000, i * 4000 + 3600) for i, (s, e) in enumerate(SPANS))
    for event in (
        ev.ReplyWritten(3, "One two. "),
        ev.ReplyWritten(3, "Three four."),
        ev.ReplyClauseCut(3),
        ev.ReplyVoiced(3, np.ones(16_000, np.int16), marks),
    ):
        active.take(event, 0.0)
    return active


def played(active: ActiveReply, seconds: float) -> list[ev.ServerEvent]:
    """Hand out what is due until so much of it was played."""
    events: list[ev.ServerEvent] = []
    for tenth in range(round(seconds * 10) + 1):
        events += active.due(tenth / 10)
    return events


def test_text_is_passed_on_as_it_is_written() -> None:
    active = reply()
    assert active.take(ev.ReplyWritten(3, "One "), 0.0) == [ev.ReplyText(3, "One ")]
    assert active.take(ev.ReplyWritten(3, "two."), 0.0) == [ev.ReplyText(3, "two.")]
    assert (active.text, active.tokens) == ("One two.", 2)


@pytest.mark.parametrize("last", [ev.ReplyTextEnded(3, "stop", {}), ev.ReplyVoiceEnded(3)])
def test_the_end_of_the_text_is_told_once(last: ev.ReplyTextEnded | ev.ReplyVoiceEnded) -> None:
    active = spoken()
    assert active.take(last, 0.0) == [ev.ReplyTextDone(3, TEXT)]
    assert active.take(ev.ReplyVoiceEnded(3), 0.0) == []


def test_a_reply_that_was_played_is_remembered_whole() -> None:
    active = spoken()
    active.take(ev.ReplyTextEnded(3, "stop", {"completion_tokens": 4}), 0.0)
    active.take(ev.ReplyVoiceEnded(3), 0.0)
    played(active, 2.0)
    done = active.done(0.0)
    assert (done.status, done.text, done.usage) == ("completed", TEXT, {"completion_tokens": 4})


def test_a_reply_that_ran_out_of_tokens_says_so() -> None:
    active = spoken()
    active.take(ev.ReplyTextEnded(3, "length", {}), 0.0)
    assert active.done(0.0).status == "length"


def test_the_first_audio_is_measured_once() -> None:
    active = spoken()
    events = played(active, 1.5)
    assert [type(e).__name__ for e in events if isinstance(e, ev.TurnMeasured)] == ["TurnMeasured"]
    first = next(i for i, e in enumerate(events) if isinstance(e, ev.AudioFrame))
    assert isinstance(events[first + 1], ev.TurnMeasured)
    assert events[first + 1].turn == 2  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("seconds", "heard"),
    [(0.4, ""), (0.5, "One"), (1.2, "One two."), (1.5, "One two. Three")],
)
def test_a_reply_that_is_cut_is_remembered_as_far_as_it_was_heard(
    seconds: float, heard: str
) -> None:
    active = spoken()
    played(active, seconds)
    truncated, done = active.truncated(seconds), active.stopped("interrupted", seconds)
    assert truncated.heard == done.text == heard
    assert truncated.heard + truncated.unheard == TEXT
    assert truncated.ms == truncated.position * 1000 // RATE == round(seconds * 1000)
    assert done.status == "interrupted"


def test_what_it_is_saying_are_its_last_words() -> None:
    active = spoken()
    assert active.saying(0.0) == ""
    played(active, 0.8)
    assert active.saying(0.8) == "One two. Three"


@pytest.mark.parametrize("code", [ErrorCode.LLM_FAILED, ErrorCode.TTS_FAILED])
def test_a_stage_that_fails_is_told_of_and_the_rest_goes_on(code: ErrorCode) -> None:
    active = spoken()
    assert active.take(ev.ReplyStageFailed(3, code, "No."), 0.0) == [ev.ErrorRaised(code, "No.")]
    assert played(active, 2.0)
    assert not active.playout.played_out(2.0), "the voice has not ended"
    assert active.done(0.0).status == "failed"


def test_a_crash_ends_it() -> None:
    active = reply()
    active.take(ev.ReplyWritten(3, "One"), 0.0)
    crash = ev.ReplyStageFailed(3, ErrorCode.INTERNAL, "No.")
    assert active.take(crash, 0.0) == [
        ev.ErrorRaised(ErrorCode.INTERNAL, "No."),
        ev.ReplyTextDone(3, "One"),
    ]
    active.due(0.0)
    assert active.playout.played_out(0.0)


def test_a_failure_is_not_forgotten_when_the_tokens_run_out() -> None:
    active = reply()
    active.take(ev.ReplyStageFailed(3, ErrorCode.TTS_FAILED, "No."), 0.0)
    active.take(ev.ReplyTextEnded(3, "stop", {}), 0.0)
    assert active.done(0.0).status == "failed"


async def test_the_voice_waits_while_too_much_is_unsent() -> None:
    active = reply()
    active.take(ev.ReplyVoiced(3, np.ones(RATE * (UNSENT_MS_MAX + 2000) // 1000, np.int16)), 0.0)
    active.due(0.0)
    waiting = asyncio.create_task(active.room.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    played(active, 2.0)
    await waiting
