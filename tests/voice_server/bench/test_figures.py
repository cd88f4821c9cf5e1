"""Shares, intervals, percentiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.voice_server.bench.logs import Events, final, floor_clip, log_of, turn_clip
from voice_server import events as ev
from voice_server.bench import figures
from voice_server.bench.figures import Share
from voice_server.bench.outcomes import floor_outcome, turn_outcome

pytestmark = pytest.mark.pure


def test_a_share_of_nothing_is_nothing() -> None:
    assert Share(0, 0).percent == 0
    assert str(Share(0, 0)) == "-"
    assert figures.interval(Share(0, 0)) == (0, 100)


def test_wilsons_interval_of_one_half() -> None:
    low, high = figures.interval(Share(50, 100))
    assert (round(low, 1), round(high, 1)) == (40.4, 59.6)


@given(st.integers(0, 50), st.integers(1, 50))
def test_the_interval_holds_the_share(count: int, more: int) -> None:
    share = Share(count, count + more)
    low, high = figures.interval(share)
    assert 0 <= low <= share.percent + 1e-9 and share.percent - 1e-9 <= high <= 100


def test_percentiles_by_nearest_rank() -> None:
    assert figures.percentile([3, 1, 2], 50) == 2
    assert figures.percentile(range(1, 101), 95) == 95
    assert figures.percentile([], 50) is None
    assert str(figures.spread([None])) == "-"
    assert str(figures.spread([100, None, 300])) == "100 / 300 ms"


def test_turns_are_counted() -> None:
    early = log_of(turn_clip(), [(1000.0, ev.SpeechStopped(1, 900)), (1001.0, final(1, "hello"))])
    early.chat_calls = 3
    late = log_of(turn_clip(), [])
    late.chat_calls = 1
    found = figures.turn_figures([turn_outcome(early), turn_outcome(late)])
    assert found.cut_off == Share(1, 2)
    assert found.unanswered == Share(2, 2)
    assert found.begun_in_vain == Share(1, 4)


def test_sounds_over_a_reply_are_counted() -> None:
    stop: Events = [(2100.0, ev.PlaybackStopped(1, "barge_in"))]
    outcomes = [
        floor_outcome(log_of(floor_clip("backchannel"), stop)),
        floor_outcome(log_of(floor_clip("cough"), [])),
        floor_outcome(log_of(floor_clip("command"), stop)),
        floor_outcome(log_of(floor_clip("interruption"), [])),
    ]
    found = figures.floor_figures(outcomes)
    assert found.false_stops == Share(1, 2)
    assert found.backchannel_take_overs == Share(1, 1)
    assert found.missed == Share(1, 2)
    assert found.stop.median == 100
