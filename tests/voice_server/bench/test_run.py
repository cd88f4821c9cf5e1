"""Subjects are what they say, and each clip goes where it belongs."""

import pytest

from audio.silero import SileroModel
from models.scheduler import Scheduler
from tests.support.clip_set import clip_set
from voice_server.bench.conversation import Bench
from voice_server.bench.run import ADAPTIVE, Runner, sweep
from voice_server.settings import Settings, TurnSettings, patched

pytestmark = pytest.mark.story

SILENCES = {"silence_ms_min": 200, "silence_ms": 500, "silence_ms_max": 1500}


def test_every_subject_is_a_patch_that_the_settings_accept() -> None:
    subjects = [ADAPTIVE, *sweep(SILENCES)]
    made = {subject.name: patched(TurnSettings(), subject.turn) for subject in subjects}
    assert len(made) == len(subjects)
    assert made["fixed 300 ms"].silence_ms == 300
    assert not made["fixed 300 ms"].speculate


def test_turns_and_sounds_over_a_reply_are_told_apart() -> None:
    said: list[str] = []
    bench = Bench(Settings(), SileroModel(), Scheduler(1))
    runner = Runner(bench, clip_set(("short-001", "click-001")), said.append)
    both = runner.run(ADAPTIVE)
    assert [o.clip.name for o in both.turns] == ["short-001"]
    assert [o.clip.name for o in both.floor] == ["click-001"]
    assert runner.run(ADAPTIVE, ("turn",)).floor == ()
    assert said == ["adaptive", "adaptive"]
