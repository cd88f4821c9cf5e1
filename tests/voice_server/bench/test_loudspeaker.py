"""The simulated loudspeaker: pauses, goes on to the sample, stops, and leaks."""

import numpy as np
import pytest

from voice_server import events as ev
from voice_server.bench.clips import Room
from voice_server.bench.loudspeaker import Echo, Loudspeaker

pytestmark = pytest.mark.pure


def frame(position: int, count: int = 320) -> ev.AudioFrame:
    return ev.AudioFrame(1, position, np.arange(position, position + count, dtype=np.int16))


def test_it_plays_what_it_was_sent_and_goes_on_to_the_sample() -> None:
    speaker = Loudspeaker()
    speaker.obey(frame(0))
    speaker.obey(frame(320))
    first = speaker.play(200)
    assert speaker.obey(ev.PlaybackPaused(1)) == ev.PlaybackReported(1, 200, "paused")
    assert not speaker.play(200).any()
    speaker.obey(ev.PlaybackResumed(1))
    assert np.concatenate([first, speaker.play(440)]).tolist() == list(range(640))
    assert speaker.misplaced == 0


def test_a_stop_throws_away_the_rest() -> None:
    speaker = Loudspeaker()
    speaker.obey(frame(0))
    speaker.play(100)
    assert speaker.obey(ev.PlaybackStopped(1, "barge_in")) == ev.PlaybackReported(1, 100, "stopped")
    assert not speaker.play(320).any()
    assert speaker.played[1] == 100


def test_frames_that_do_not_follow_are_counted() -> None:
    speaker = Loudspeaker()
    speaker.obey(frame(0))
    speaker.obey(frame(640))
    assert speaker.misplaced == 1


def test_it_reports_from_time_to_time_while_it_plays() -> None:
    speaker = Loudspeaker()
    speaker.obey(frame(0, 16_000))
    said = [speaker.report(20) for _ in range(10) if speaker.play(320) is not None]
    assert said[:-1] == [None] * 9
    assert said[-1] == ev.PlaybackReported(1, 3200, "playing")


def test_an_echo_comes_late_and_quieter() -> None:
    echo = Echo(Room(gain_db=-20, delay_ms=50, decay_ms=200, seed=1))
    click = np.zeros(320, np.int16)
    click[0] = 10_000
    heard = np.concatenate(
        [echo.feed(click), *(echo.feed(np.zeros(320, np.int16)) for _ in range(9))]
    )
    assert not heard[:800].any()
    assert heard[800] == pytest.approx(1000)
    assert heard[801:].any()
