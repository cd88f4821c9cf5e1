"""Streams go in as they come, blocks come out as the device wants them, and every sample counts."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import Samples
from voice_server.client.loudspeaker import BUFFERED_S_MAX, PREBUFFER_MS, Loudspeaker, Report

pytestmark = pytest.mark.pure

RATE = 1000
"""One sample per millisecond."""
ENOUGH = PREBUFFER_MS


def ramp(count: int, start: int = 1) -> Samples:
    return np.arange(start, start + count, dtype=np.int16)


def silence(block: Samples) -> bool:
    return not block.any()


def states(reports: Sequence[Report]) -> list[str]:
    return [report.state for report in reports]


def test_it_waits_for_a_little_before_it_starts() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(ENOUGH - 1))
    assert silence(speaker.render(10))
    assert not speaker.playing
    speaker.add(1, ramp(1, ENOUGH))
    assert speaker.render(10).tolist() == ramp(10).tolist()
    assert speaker.take_reports() == [Report(1, 0, "playing")]


def test_what_is_short_and_complete_starts_at_once_and_drains() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(5), last=True)
    assert speaker.render(8).tolist() == [1, 2, 3, 4, 5, 0, 0, 0]
    assert speaker.take_reports() == [Report(1, 0, "playing"), Report(1, 5, "drained")]
    assert speaker.stream is None
    assert speaker.buffered_s == 0


def test_the_device_sounds_later_than_it_is_fed() -> None:
    speaker = Loudspeaker(RATE, latency_samples=30)
    speaker.add(1, ramp(100), last=True)
    speaker.render(40)
    assert speaker.position == 10
    speaker.render(60)
    assert speaker.position == 70
    assert "drained" not in states(speaker.take_reports())
    speaker.render(29)
    assert speaker.position == 99
    speaker.render(10)
    assert speaker.take_reports() == [Report(1, 100, "drained")]


def test_it_holds_still_and_goes_on_with_the_very_next_sample() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(100))
    first = speaker.render(10)
    speaker.pause(1)
    assert silence(speaker.render(50))
    speaker.resume(1)
    assert np.concatenate([first, speaker.render(10)]).tolist() == ramp(20).tolist()
    assert states(speaker.take_reports()) == ["playing", "paused", "playing"]


def test_pauses_of_other_streams_are_none_of_its_business() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(2, ramp(100))
    speaker.pause(1)
    assert not silence(speaker.render(10))
    speaker.resume(1)
    assert states(speaker.take_reports()) == ["playing"]


def test_a_stop_throws_away_and_says_how_far_it_got() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(100))
    speaker.render(10)
    speaker.stop(1)
    assert silence(speaker.render(10))
    speaker.add(1, ramp(100), last=True)  # was on its way
    assert silence(speaker.render(10))
    assert speaker.take_reports() == [Report(1, 0, "playing"), Report(1, 10, "stopped")]


def test_a_stream_that_was_never_heard_is_stopped_at_zero() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(100), last=True)
    speaker.add(2, ramp(100))
    speaker.stop(2)
    assert speaker.render(200).tolist()[:101] == [*ramp(100), 0]
    assert states(speaker.take_reports()) == ["stopped", "playing", "drained"]
    assert silence(speaker.render(10))


def test_the_next_stream_follows_the_last() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(100), last=True)
    speaker.add(2, ramp(5, 500), last=True)
    played = np.concatenate([speaker.render(50) for _ in range(4)])
    assert [sample for sample in played if sample] == [*ramp(100), *ramp(5, 500)]
    assert [(report.stream, report.state) for report in speaker.take_reports()] == [
        (1, "playing"),
        (1, "drained"),
        (2, "playing"),
        (2, "drained"),
    ]


def test_after_it_ran_dry_it_waits_for_more() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(1, ramp(ENOUGH))
    speaker.render(ENOUGH + 1)
    assert states(speaker.take_reports()) == ["playing", "underrun"]
    speaker.add(1, ramp(ENOUGH))
    assert silence(speaker.render(10))
    speaker.add(1, ramp(ENOUGH))
    assert not silence(speaker.render(10))


def test_what_is_too_much_is_dropped() -> None:
    speaker = Loudspeaker(RATE)
    for _ in range(BUFFERED_S_MAX + 10):
        speaker.add(1, ramp(RATE))
    assert speaker.buffered_s <= BUFFERED_S_MAX + 1


def test_a_new_session_counts_its_streams_anew() -> None:
    speaker = Loudspeaker(RATE)
    speaker.add(7, ramp(100))
    speaker.stop(7)
    speaker.reset()
    speaker.add(1, ramp(100))
    assert speaker.render(10).tolist() == ramp(10).tolist()
    assert speaker.take_reports() == [Report(1, 0, "playing")]


@given(
    st.lists(st.integers(1, 80), min_size=1, max_size=20),
    st.integers(1, 64),
    st.integers(0, 40),
    st.sets(st.integers(0, 60)),
)
def test_however_it_is_cut_every_sample_is_played_once(
    pieces: list[int], block: int, latency: int, pauses: set[int]
) -> None:
    speaker = Loudspeaker(RATE, latency)
    total = 0
    for index, piece in enumerate(pieces):
        speaker.add(1, ramp(piece, total + 1), last=index == len(pieces) - 1)
        total += piece
    played: list[Samples] = []
    heard: list[int] = []
    while speaker.stream is not None:
        if len(played) in pauses:
            pauses.discard(len(played))
            speaker.pause(1)
            assert silence(speaker.render(block))
            speaker.resume(1)
        heard.append(speaker.position)
        played.append(speaker.render(block))
    assert [sample for sample in np.concatenate(played) if sample] == ramp(total).tolist()
    assert heard == sorted(heard)
    assert speaker.take_reports()[-1] == Report(1, total, "drained")
