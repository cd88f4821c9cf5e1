"""Clips through the real session core, in simulated time."""

import pytest

from audio.silero import SileroModel
from models.scheduler import Scheduler
from tests.support.clip_set import clip_set
from voice_server import events as ev
from voice_server.bench.conversation import Bench, Log
from voice_server.bench.outcomes import floor_outcome, turn_outcome
from voice_server.bench.run import converse
from voice_server.settings import Settings

pytestmark = pytest.mark.story

NAMES = ("plain-003", "command-001", "cough-001", "echo-003")


@pytest.fixture(scope="module")
def bench() -> Bench:
    return Bench(Settings(), SileroModel(), Scheduler(1))


def held(bench: Bench, name: str) -> Log:
    clips = clip_set(NAMES)
    clip = next(clip for clip in clips.clips if clip.name == name)
    return converse(bench, clip, clips.samples(clip))


def test_a_plain_question_is_understood_and_answered_once(bench: Bench) -> None:
    log = held(bench, "plain-003")
    finals = [h.event.text for h in log.events if isinstance(h.event, ev.FinalTranscript)]
    assert finals == ["Set a timer for ten minutes."]
    outcome = turn_outcome(log)
    assert not outcome.cut_off
    assert outcome.delay_ms is not None and outcome.delay_ms > 0


def test_a_command_stops_the_reply_and_the_history_has_what_was_heard(bench: Bench) -> None:
    outcome = floor_outcome(held(bench, "command-001"))
    assert outcome.stopped
    assert outcome.pause_ms is not None and outcome.stop_ms is not None
    assert 0 < outcome.pause_ms <= outcome.stop_ms
    assert outcome.heard_error_words == 0
    assert outcome.misplaced == 0


@pytest.mark.parametrize("name", ["cough-001", "echo-003"])
def test_what_is_nobody_does_not_stop_the_reply(bench: Bench, name: str) -> None:
    assert not floor_outcome(held(bench, name)).stopped


def test_the_same_clip_gives_the_same_log(bench: Bench) -> None:
    first, second = (turn_outcome(held(bench, "plain-003")) for _ in range(2))
    assert first == second
