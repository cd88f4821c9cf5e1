"""A cut-off is counted as a cut-off: outcomes of logs made by hand."""

import numpy as np
import pytest

from tests.voice_server.bench.logs import Events, final, floor_clip, log_of, turn_clip
from voice_server import events as ev
from voice_server.bench.clips import TruePause
from voice_server.bench.outcomes import floor_outcome, turn_outcome

pytestmark = pytest.mark.pure

PAUSE = TruePause(900, 1600, "phrase")


def sound(stream: int, position: int) -> ev.AudioFrame:
    return ev.AudioFrame(stream, position, np.ones(10, np.int16), first=not position)


def test_a_turn_answered_after_its_end_is_not_cut_off() -> None:
    events: Events = [
        (2300.0, ev.SpeechStopped(1, 2000)),
        (2310.0, final(1, "hi")),
        (2400.0, sound(1, 0)),
    ]
    outcome = turn_outcome(log_of(turn_clip(), events))
    assert not outcome.cut_off
    assert not outcome.talked_into
    assert outcome.delay_ms == 400
    assert outcome.hold_ms == 100


def test_an_end_declared_in_a_pause_is_a_cut_off_at_that_place() -> None:
    events: Events = [
        (1200.0, ev.SpeechStopped(1, 900)),
        (1260.0, final(1, "hello")),
        (1500.0, sound(1, 0)),
        (2300.0, ev.SpeechStopped(2, 2000)),
        (2310.0, final(2, "there")),
        (2600.0, sound(2, 0)),
    ]
    outcome = turn_outcome(log_of(turn_clip(pauses=(PAUSE,)), events))
    assert outcome.cut_offs == ("phrase",)
    assert outcome.talked_into
    assert outcome.delay_ms == 600


def test_an_end_declared_where_there_is_no_pause_is_elsewhere() -> None:
    events: Events = [(700.0, ev.SpeechStopped(1, 600)), (720.0, final(1, "hel"))]
    assert turn_outcome(log_of(turn_clip(pauses=(PAUSE,)), events)).cut_offs == ("elsewhere",)


def test_a_noise_that_was_dropped_is_no_cut_off() -> None:
    events: Events = [(1000.0, ev.SpeechStopped(1, 600)), (1000.0, final(1, ""))]
    assert not turn_outcome(log_of(turn_clip(), events)).cut_off


def test_a_reply_that_went_on_is_no_answer() -> None:
    events: Events = [(1500.0, sound(1, 0)), (2100.0, sound(1, 640))]
    assert turn_outcome(log_of(turn_clip(), events)).delay_ms is None


def test_only_tokens_that_nobody_was_told_are_wasted() -> None:
    log = log_of(turn_clip(), [(2200.0, ev.ReplyText(1, "one")), (2210.0, ev.ReplyText(1, " two"))])
    log.chat_calls, log.chat_tokens = 2, 9
    assert turn_outcome(log).wasted_tokens == 7


def test_a_backchannel_that_is_resumed_has_not_taken_the_floor() -> None:
    events: Events = [(2080.0, ev.PlaybackPaused(1)), (2500.0, ev.PlaybackResumed(1))]
    outcome = floor_outcome(log_of(floor_clip("backchannel"), events))
    assert (outcome.stopped, outcome.should_stop) == (False, False)
    assert outcome.pause_ms == 80
    assert outcome.paused_for_ms == 420


def test_a_command_that_stops_the_reply_is_measured_from_its_onset() -> None:
    events: Events = [(2080.0, ev.PlaybackPaused(1)), (2300.0, ev.PlaybackStopped(1, "barge_in"))]
    outcome = floor_outcome(log_of(floor_clip("command"), events))
    assert outcome.stopped and outcome.should_stop
    assert (outcome.pause_ms, outcome.stop_ms) == (80, 300)


def test_a_stop_without_a_pause_counts_as_both() -> None:
    events: Events = [(2100.0, ev.PlaybackStopped(1, "barge_in"))]
    assert floor_outcome(log_of(floor_clip("interruption"), events)).pause_ms == 100


def test_only_the_first_reply_is_judged() -> None:
    events: Events = [(2080.0, ev.PlaybackPaused(2)), (2300.0, ev.PlaybackStopped(2, "cancel"))]
    outcome = floor_outcome(log_of(floor_clip("cough"), events))
    assert not outcome.stopped
    assert outcome.pause_ms is None


@pytest.mark.parametrize(("played", "error"), [(2, 0), (1, 1), (3, -1)])
def test_the_history_is_compared_word_by_word(played: int, error: int) -> None:
    cut = ev.ReplyTruncated(1, "Owls are", "quiet", 100, 6, "reported")
    log = log_of(
        floor_clip("command"), [(2300.0, ev.PlaybackStopped(1, "barge_in")), (2301.0, cut)]
    )
    log.heard_words[1] = played
    assert floor_outcome(log).heard_error_words == error
