"""Audio as it arrived: underruns are noticed, answers belong to their turns."""

import pytest

from voice_server.bench.load.replies import Playback, first_after, playback

pytestmark = pytest.mark.pure


def test_audio_in_time_never_runs_dry() -> None:
    arrived = [(0.0, 100), (0.05, 100), (0.15, 100)]
    found = playback(arrived, bytes_per_s=1000)
    assert found is not None
    assert found.slack_ms_min == pytest.approx(50.0)
    assert found.underruns == 0


def test_audio_too_late_is_an_underrun_and_playback_begins_anew() -> None:
    arrived = [(0.0, 100), (0.13, 100), (0.2, 100)]
    found = playback(arrived, bytes_per_s=1000)
    assert found is not None
    assert found.slack_ms_min == pytest.approx(-30.0)
    assert found.underruns == 1


def test_nothing_arrived() -> None:
    assert playback([], 1000) is None
    assert playback([(3.0, 100)], 1000) == Playback(0.0, 0)


def test_an_answer_belongs_to_the_turn_before_it() -> None:
    times = [0.2, 1.7, 1.9, 11.9]
    found = first_after(times, begin=0.0, every=5.0, ends=1.0, turns=3)
    assert found == [pytest.approx(700), None, pytest.approx(900)]
