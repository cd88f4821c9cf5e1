"""Frames leave by an absolute schedule, and a late generator voids its run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.bench.load.schedule import (
    FRAME_S,
    arrivals_s,
    frames,
    phases_s,
    void_reason,
)

pytestmark = pytest.mark.pure


def test_all_start_together_or_at_random() -> None:
    assert arrivals_s("together", 3, 1.0, seed=1) == [0.0, 0.0, 0.0]
    random = arrivals_s("poisson", 400, 4.0, seed=1)
    assert random == sorted(random)
    assert random == arrivals_s("poisson", 400, 4.0, seed=1)
    assert random != arrivals_s("poisson", 400, 4.0, seed=2)
    assert 3.0 < random[-1] < 5.0


@given(st.lists(st.floats(0, 0.0199), min_size=1, max_size=8))
def test_every_session_sends_every_20_ms_and_all_in_order(phases: list[float]) -> None:
    sent = list(frames(phases, 0.2))
    assert [due for due, _, _ in sent] == sorted(due for due, _, _ in sent)
    for session, phase in enumerate(phases):
        mine = [(due, number) for due, who, number in sent if who == session]
        assert mine == [(phase + n * FRAME_S, n) for n in range(len(mine))]
        assert len(mine) in (9, 10, 11)


def test_an_hour_of_frames_does_not_drift() -> None:
    *_, (due_s, _, number) = frames([0.0], 3600)
    assert due_s == number * FRAME_S


def test_phases_lie_within_a_frame() -> None:
    assert phases_s([0.0, 0.05, 1.019]) == pytest.approx([0.0, 0.01, 0.019])


def test_a_late_generator_voids_the_run() -> None:
    assert void_reason([]) is None
    assert void_reason([1.0] * 99 + [400.0]) is None
    late = void_reason([1.0] * 90 + [6.0] * 10)
    assert late is not None
    assert "6.0 ms late" in late
