"""What is done with: never too much, never less than before, and all of a turn with its final."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.calls.coverage import Coverage
from voice_server.events import (
    FinalTranscript,
    InputFlow,
    ServerEvent,
    SpeechStarted,
    SpeechStopped,
)

pytestmark = pytest.mark.pure

RATE = 16_000
PRE_ROLL_MS = 500


def final(turn: int) -> FinalTranscript:
    return FinalTranscript(turn, "", "en", 1.0, (), 0)


def after(*events: ServerEvent) -> float:
    """Seconds that are done with after these events."""
    coverage = Coverage(RATE, PRE_ROLL_MS)
    for event in events:
        coverage.note(event)
    return coverage.position / RATE


def flow(seconds: float) -> InputFlow:
    return InputFlow(round(seconds * RATE), 0)


def test_silence_is_done_with_but_for_what_may_begin_an_utterance() -> None:
    assert after(flow(3)) == 2.5


def test_an_utterance_is_kept_with_its_pre_roll_until_its_final() -> None:
    speaking = (flow(3), SpeechStarted(1, 3200, during_reply=False), flow(6))
    assert after(*speaking) == 2.7
    assert after(*speaking, SpeechStopped(1, 5800, heard_ms=6000), flow(7)) == 2.7


def test_a_final_covers_its_turn_and_the_silence_that_ended_it() -> None:
    assert after(
        SpeechStarted(1, 1000, during_reply=False), SpeechStopped(1, 2000, heard_ms=2500), final(1)
    ) == pytest.approx(2.5)


def test_a_turn_begins_no_earlier_than_the_one_before_it_ended() -> None:
    spoken = (
        SpeechStarted(1, 1000, during_reply=False),
        SpeechStopped(1, 2000, heard_ms=2200),
        SpeechStarted(2, 2400, during_reply=False),
    )
    assert after(*spoken, final(1)) == 2.2
    assert after(*spoken, final(1), flow(9)) == 2.2


def test_a_later_final_does_not_cover_an_earlier_turn() -> None:
    spoken = (
        SpeechStarted(1, 1000, during_reply=False),
        SpeechStopped(1, 2000, heard_ms=2200),
        SpeechStarted(2, 2400, during_reply=False),
        SpeechStopped(2, 3000, heard_ms=3200),
        final(2),
    )
    assert after(*spoken) == 0.5
    assert after(*spoken, final(1)) == 3.2
    assert after(*spoken, final(1), flow(4)) == 3.5


events = st.one_of(
    st.builds(SpeechStarted, st.integers(1, 4), st.integers(0, 9000), st.booleans()),
    st.builds(SpeechStopped, st.integers(1, 4), st.integers(0, 9000), st.integers(0, 9000)),
    st.integers(1, 4).map(final),
    st.floats(0, 9).map(flow),
)


@given(st.lists(events, max_size=40))
def test_what_is_done_with_stays_done_with(story: list[ServerEvent]) -> None:
    coverage = Coverage(RATE, PRE_ROLL_MS)
    positions = [0]
    for event in story:
        coverage.note(event)
        positions.append(coverage.position)
    assert positions == sorted(positions)
