"""Order is kept, news replaces its like, a stop overtakes its audio, and nothing else goes."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.outbox import EVENT_BYTES, Outbox

pytestmark = pytest.mark.pure

few = st.integers(0, 2)


def frame(stream: int, samples: int = 240) -> ev.AudioFrame:
    return ev.AudioFrame(stream, 0, np.zeros(samples, np.int16))


def final(turn: int, text: str = "yes") -> ev.FinalTranscript:
    return ev.FinalTranscript(turn, text, "en", 1.0, (), 900)


replaceable = st.one_of(
    st.builds(ev.StateChanged, st.sampled_from(ev.ConversationState)),
    st.builds(ev.LevelMeasured, st.floats(-90, 0), st.booleans()),
    st.builds(ev.InputFlow, st.integers(0, 9), st.integers(0, 9)),
    st.builds(
        ev.PartialTranscript, few, few, st.text(max_size=9), st.text(max_size=9), st.just("en")
    ),
)
audio = st.one_of(
    st.builds(ev.AudioStarted, few),
    st.builds(ev.AudioMarked, few, few, few, few, few, st.booleans()),
    st.builds(frame, few, st.integers(0, 999)),
    st.builds(ev.AudioDone, few, few),
)
kept = st.one_of(
    st.builds(final, few, st.text(max_size=9)),
    st.builds(ev.ReplyText, few, st.text(max_size=9)),
    st.builds(
        ev.ReplyTruncated,
        few,
        st.text(max_size=9),
        st.text(max_size=9),
        few,
        few,
        st.just("reported"),
    ),
    st.builds(ev.ErrorRaised, st.sampled_from(ErrorCode), st.text(max_size=9)),
    st.builds(ev.MessageAcknowledged, st.text(max_size=9)),
    st.just(ev.GoingAway("drain")),
)
resume = st.builds(ev.PlaybackResumed, few)
pause = st.builds(ev.PlaybackPaused, few)
stop = st.builds(ev.PlaybackStopped, few, st.just("cancel"))
anything = st.one_of(replaceable, audio, kept, resume, pause, stop)
steps = st.lists(anything | st.none(), max_size=60)
"""Events that are put, and None where one is taken."""


def kind(event: ev.ServerEvent) -> object:
    """Equal for events that replace each other; unique for all others."""
    match event:
        case ev.PartialTranscript():
            return ("partial", event.turn)
        case ev.StateChanged() | ev.LevelMeasured() | ev.InputFlow():
            return type(event)
        case _:
            return object()


def is_audio_of(event: ev.ServerEvent, stream: int) -> bool:
    sounds = ev.AudioStarted | ev.AudioMarked | ev.AudioFrame | ev.AudioDone
    return isinstance(event, sounds) and event.stream == stream


def is_control_of(event: ev.ServerEvent, stream: int) -> bool:
    return isinstance(event, ev.PlaybackPaused | ev.PlaybackResumed) and event.stream == stream


def modelled(queue: list[ev.ServerEvent], event: ev.ServerEvent) -> list[ev.ServerEvent]:
    """The rules, without regard to cost."""
    if isinstance(event, ev.PlaybackStopped | ev.PlaybackPaused):
        queue = [old for old in queue if not is_control_of(old, event.stream)]
        if isinstance(event, ev.PlaybackStopped):
            queue = [old for old in queue if not is_audio_of(old, event.stream)]
        return [event, *queue]
    return [*(old for old in queue if kind(old) != kind(event)), event]


def drained(outbox: Outbox) -> list[ev.ServerEvent]:
    return list(iter(outbox.take, None))


def filled(*events: ev.ServerEvent) -> Outbox:
    outbox = Outbox(1_000_000)
    for event in events:
        outbox.put(event)
    return outbox


def weight(event: ev.ServerEvent) -> int:
    alone = Outbox(0)
    alone.put(event)
    return alone.bytes


@given(steps)
def test_the_box_follows_the_rules(events: list[ev.ServerEvent | None]) -> None:
    outbox = Outbox(2000)
    model: list[ev.ServerEvent] = []
    for event in events:
        if event is None:
            assert outbox.take() is (model.pop(0) if model else None)
        else:
            outbox.put(event)
            model = modelled(model, event)
        assert len(outbox) == len(model)
        assert outbox.bytes == sum(weight(waiting) for waiting in model)
        assert outbox.overfull is (outbox.bytes > 2000)
    for expected in model:
        assert outbox.take() is expected
    assert (outbox.take(), outbox.bytes, len(outbox)) == (None, 0, 0)


@given(st.lists(anything, max_size=60))
def test_what_must_arrive_arrives_in_order(events: list[ev.ServerEvent]) -> None:
    must = (
        ev.FinalTranscript | ev.ErrorRaised | ev.ReplyText | ev.MessageAcknowledged | ev.GoingAway
    )
    arrived = [event for event in drained(filled(*events)) if isinstance(event, must)]
    assert arrived == [event for event in events if isinstance(event, must)]


@given(st.lists(anything, max_size=60), few)
def test_a_stop_is_first_and_nothing_of_its_stream_follows(
    events: list[ev.ServerEvent], stream: int
) -> None:
    stopped = ev.PlaybackStopped(stream, "barge_in")
    first, *rest = drained(filled(*events, stopped))
    assert first is stopped
    assert not any(is_audio_of(event, stream) for event in rest)
    assert not any(is_control_of(event, stream) for event in rest)


@given(st.lists(st.one_of(audio, kept, resume, pause), max_size=60), few)
def test_the_last_word_on_playback_is_the_last_that_was_said(
    events: list[ev.ServerEvent], stream: int
) -> None:
    said = [event for event in events if is_control_of(event, stream)]
    arrived = [event for event in drained(filled(*events)) if is_control_of(event, stream)]
    assert arrived[-1:] == said[-1:]


@given(st.lists(st.one_of(replaceable, audio, kept), max_size=60))
def test_what_was_replaced_is_counted(events: list[ev.ServerEvent]) -> None:
    outbox = filled(*events)
    assert outbox.replaced == len(events) - len(outbox)


def test_audio_of_another_stream_survives_a_stop() -> None:
    left, right = frame(1), frame(2)
    assert drained(filled(left, right, ev.PlaybackStopped(1, "barge_in"))) == [
        ev.PlaybackStopped(1, "barge_in"),
        right,
    ]


def test_partials_of_two_turns_both_matter() -> None:
    def partial(turn: int, revision: int) -> ev.PartialTranscript:
        return ev.PartialTranscript(turn, revision, "so", "me", "en")

    assert drained(filled(partial(1, 1), partial(2, 1), partial(1, 2))) == [
        partial(2, 1),
        partial(1, 2),
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda text: final(1, text),
        lambda text: ev.PartialTranscript(1, 1, text, "", "en"),
        lambda text: ev.PartialTranscript(1, 1, "", text, "en"),
        lambda text: ev.ReplyTextDone(1, text),
        lambda text: ev.ReplyTruncated(1, text, "", 0, 0, "reported"),
        lambda text: ev.ReplyTruncated(1, "", text, 0, 0, "reported"),
    ],
)
def test_text_has_weight(make: Callable[[str], ev.ServerEvent]) -> None:
    assert weight(make("x" * 1000)) == EVENT_BYTES + 1000


def test_audio_has_weight() -> None:
    assert weight(frame(1, 1000)) == EVENT_BYTES + 2000


def test_a_client_that_does_not_read_fills_the_box() -> None:
    outbox = Outbox(10 * EVENT_BYTES)
    full = []
    for number in range(11):
        outbox.put(ev.ReplyText(number, ""))
        full.append(outbox.overfull)
    outbox.take()
    assert [*full, outbox.overfull] == [False] * 10 + [True, False]


@given(st.lists(st.one_of(audio, st.builds(final, few)), max_size=12))
def test_runs_are_everything_in_order_and_audio_is_alone(events: list[ev.ServerEvent]) -> None:
    one_by_one, in_runs = Outbox(1 << 20), Outbox(1 << 20)
    for event in events:
        one_by_one.put(event)
        in_runs.put(event)
    taken = list(iter(one_by_one.take, None))
    runs = list(iter(in_runs.take_run, []))
    assert [id(event) for run in runs for event in run] == [id(event) for event in taken]
    for run in runs:
        assert len(run) == 1 or not any(isinstance(event, ev.AudioFrame) for event in run)
    assert in_runs.bytes == 0
