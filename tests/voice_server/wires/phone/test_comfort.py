"""The filler: said when an answer takes long, said again, cut off when the answer is there."""

import numpy as np
import pytest

from voice_server import events as ev
from voice_server.wires.phone.comfort import AGAIN_MS, SILENCE, Comfort, Phrase

pytestmark = pytest.mark.pure

RATE = 8000
FILLER = np.ones(RATE, np.int16)
STARTED = ev.ReplyStarted(1, "vad", 1)


def waiting() -> Comfort:
    comfort = Comfort(FILLER, RATE, 1500)
    comfort.note(STARTED)
    return comfort


def test_an_answer_that_comes_soon_needs_none() -> None:
    comfort = waiting()
    comfort.pass_time(1499)
    assert comfort.due() is None
    assert not comfort.note(ev.AudioStarted(1))
    comfort.pass_time(9999)
    assert comfort.due() is None


def test_it_is_said_after_a_while_and_again_later() -> None:
    comfort = waiting()
    comfort.pass_time(1500)
    assert comfort.due() is FILLER
    assert comfort.due() is None
    comfort.pass_time(1000 + AGAIN_MS)
    assert comfort.due() is FILLER


@pytest.mark.parametrize("event", [ev.AudioStarted(1), ev.SpeechStarted(2, 0, False)])
def test_it_is_cut_off_when_somebody_speaks(event: ev.ServerEvent) -> None:
    comfort = waiting()
    comfort.pass_time(1500)
    comfort.due()
    comfort.pass_time(500)
    assert comfort.note(event)
    assert not comfort.note(event), "once"


def test_what_was_said_to_its_end_is_not_cut_off() -> None:
    comfort = waiting()
    comfort.pass_time(1500)
    comfort.due()
    comfort.pass_time(1000)
    assert not comfort.note(ev.AudioStarted(1))


@pytest.mark.parametrize(
    "started", [ev.ReplyStarted(1, "say", None), ev.ReplyStarted(1, "vad", 1, speaks=False)]
)
def test_what_is_said_without_thinking_needs_none(started: ev.ReplyStarted) -> None:
    comfort = Comfort(FILLER, RATE, 1500)
    comfort.note(started)
    comfort.pass_time(9999)
    assert comfort.due() is None


def test_silence_is_never_said() -> None:
    comfort = Comfort(SILENCE.at(RATE), RATE, 0)
    comfort.note(STARTED)
    assert comfort.due() is None


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100])
def test_a_phrase_fits_every_call_in_whole_frames(rate: int) -> None:
    samples = Phrase(np.full(22_050, 1000, np.int16), 22_050).at(rate)
    frame = rate // 50
    assert len(samples) % frame == 0
    assert rate <= len(samples) <= rate + 2 * frame
    assert abs(int(np.median(samples)) - 1000) < 10
