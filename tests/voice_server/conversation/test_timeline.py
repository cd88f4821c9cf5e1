"""The parts of a turn's time always sum to the whole, in whatever order the stages happened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.conversation.timeline import PARTS, WHOLE, Stage, Timeline

pytestmark = pytest.mark.pure

marks = st.dictionaries(st.sampled_from(Stage), st.integers(0, 100_000))
"""Milliseconds by stage."""


def timeline(reached: dict[Stage, int]) -> Timeline:
    line = Timeline()
    for stage, ms in reached.items():
        line.mark(stage, ms / 1000)
    return line


@given(marks)
def test_the_parts_sum_to_the_whole(reached: dict[Stage, int]) -> None:
    metrics = timeline(reached).metrics()
    whole = metrics.pop(WHOLE, None)
    assert all(part >= 0 for part in metrics.values())
    assert (whole is not None) is ({Stage.SPEECH_END, Stage.FIRST_SENT} <= reached.keys())
    if whole is not None:
        assert sum(metrics.values()) == pytest.approx(whole)
        assert whole == pytest.approx(max(reached.values()) - reached[min(reached)])


def test_each_part_is_what_was_waited_for() -> None:
    reached = dict(zip(Stage, (0, 500, 560, 700, 710, 900, 901), strict=True))
    assert timeline(reached).metrics() == {
        "endpoint_ms": 500.0,
        "asr_ms": 60.0,
        "llm_ms": 140.0,
        "clause_ms": 10.0,
        "tts_ms": 190.0,
        "send_ms": 1.0,
        WHOLE: 901.0,
    }


def test_what_was_ready_before_it_was_needed_costs_nothing() -> None:
    metrics = timeline({Stage.FINAL_TEXT: 300, Stage.SPEECH_END: 0, Stage.TURN_END: 500}).metrics()
    assert metrics == {"endpoint_ms": 500.0, "asr_ms": 0.0}


def test_every_stage_but_the_first_has_a_part() -> None:
    assert set(PARTS) == set(Stage) - {Stage.SPEECH_END}


def test_only_the_first_mark_counts() -> None:
    line = Timeline()
    assert line.mark(Stage.SPEECH_END, 1.0)
    assert line.mark(Stage.TURN_END, 1.5)
    assert not line.mark(Stage.TURN_END, 9.0)
    assert line.metrics() == {"endpoint_ms": 500.0}


def test_nothing_marked_is_nothing_measured() -> None:
    assert Timeline().metrics() == {}
