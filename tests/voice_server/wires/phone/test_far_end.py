"""The queue at the other end: what is sent, sent again, marked, and believed to be heard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audio import Samples
from voice_server.events import AudioFrame, PlaybackReported
from voice_server.wires.phone import Mark, Order, Play
from voice_server.wires.phone.far_end import FarEnd

pytestmark = pytest.mark.pure

RATE = 8000
FRAME = 160


def frame(position: int, count: int, *, stream: int = 1, last: bool = False) -> AudioFrame:
    """Samples that say where they are."""
    samples = np.arange(position, position + count).astype(np.int16)
    return AudioFrame(stream, position, samples, first=not position, last=last)


def played(orders: list[Order]) -> Samples:
    pieces = [order.samples for order in orders if isinstance(order, Play)]
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def marks(orders: list[Order]) -> list[str]:
    return [order.name for order in orders if isinstance(order, Mark)]


def test_marks_come_after_the_first_frame_every_fifth_of_a_second_and_at_the_end() -> None:
    far_end = FarEnd(RATE, can_pause=False)
    orders = far_end.play(frame(0, 320))
    for position in range(320, 4320, 800):
        orders += far_end.play(frame(position, 800))
    orders += far_end.play(frame(4320, 0, last=True))
    assert marks(orders) == ["1:320:0", "1:1920:0", "1:3520:0", "1:4320:0"]
    assert played(orders).tolist() == list(range(4320))


def test_what_does_not_fill_a_frame_waits_and_the_end_is_padded() -> None:
    far_end = FarEnd(RATE, can_pause=True)
    first = far_end.play(frame(0, 250))
    assert len(played(first)) == FRAME
    end = far_end.play(frame(250, 30, last=True))
    assert played(end).tolist() == [*range(160, 280), *[0] * 40]
    assert marks(end) == ["1:280:0"]


def test_a_mark_that_is_reached_is_a_position_and_then_the_caller_is_the_clock() -> None:
    far_end = FarEnd(RATE, can_pause=False)
    far_end.play(frame(0, 320))
    far_end.play(frame(320, 800))
    far_end.pass_time(50)
    assert far_end.reached("1:320:0") == PlaybackReported(1, 320)
    far_end.pass_time(20)
    assert far_end.heard == 320 + FRAME
    far_end.pass_time(10_000)
    assert far_end.heard == 1120, "never more than was sent"


@pytest.mark.parametrize(
    "name", ["", "x", "1:2", "1:320:0:0", "2:320:0", "1:99999:0", "1:320:1", "-1:3:0", "²:3:0"]
)
def test_marks_that_are_not_ours_say_nothing(name: str) -> None:
    far_end = FarEnd(RATE, can_pause=False)
    far_end.play(frame(0, 320))
    assert far_end.reached(name) is None


def test_marks_that_come_back_because_of_a_clear_are_not_playback() -> None:
    far_end = FarEnd(RATE, can_pause=False)
    (name,) = marks(far_end.play(frame(0, 320)))
    assert far_end.stop() == ["clear"]
    assert far_end.reached(name) is None
    (again,) = marks(far_end.play(frame(0, 320)))
    assert far_end.reached(again) == PlaybackReported(1, 320)


def test_a_queue_that_can_only_be_cleared_is_paused_and_goes_on_with_the_very_next_sample() -> None:
    far_end = FarEnd(RATE, can_pause=False)
    orders = far_end.play(frame(0, 320))
    orders += far_end.play(frame(320, 800))
    far_end.pass_time(40)
    assert far_end.pause() == ["clear"]
    assert far_end.pause() == []
    assert far_end.play(frame(1120, 800)) == [], "held"
    far_end.pass_time(500)
    resumed = far_end.resume()
    assert played(resumed).tolist() == list(range(320, 1920))
    assert marks(resumed)[-1].endswith(":1")
    assert far_end.heard == 320


def test_a_queue_that_can_pause_is_paused_with_what_is_in_it() -> None:
    far_end = FarEnd(RATE, can_pause=True)
    far_end.play(frame(0, 800))
    assert far_end.pause() == ["pause"]
    assert len(played(far_end.play(frame(800, 800)))) == 800, "queued behind"
    far_end.pass_time(500)
    assert far_end.heard == 0
    assert far_end.resume() == ["resume"]
    far_end.pause()
    assert far_end.stop() == ["clear", "resume"]


def test_nothing_is_cleared_twice() -> None:
    far_end = FarEnd(RATE, can_pause=False)
    far_end.play(frame(0, 800))
    far_end.pause()
    assert far_end.stop() == []
    assert far_end.resume() == []


def test_a_full_queue_gets_nothing_until_it_has_room() -> None:
    far_end = FarEnd(RATE, can_pause=True)
    far_end.flow(open=False)
    assert far_end.play(frame(0, 800)) == []
    assert far_end.due() == []
    far_end.flow(open=True)
    assert len(played(far_end.due())) == 800
    assert far_end.due() == []


@given(st.lists(st.integers(1, 900), min_size=1, max_size=12), st.data())
def test_whatever_is_paused_every_sample_is_heard_once_and_in_order(
    sizes: list[int], data: st.DataObject
) -> None:
    """A far end that plays exactly, and is paused wherever it likes."""
    far_end = FarEnd(RATE, can_pause=False)
    heard: list[int] = []
    queue: list[int] = []
    position = 0

    def obey(orders: list[Order]) -> None:
        for order in orders:
            if isinstance(order, Play):
                queue.extend(order.samples.tolist())
            elif order == "clear":
                queue.clear()

    for count, size in enumerate(sizes, start=1):
        obey(far_end.play(frame(position, size, last=count == len(sizes))))
        position += size
        ms = data.draw(st.integers(0, 80))
        taken = min(len(queue), ms * RATE // 1000)
        heard += queue[:taken]
        del queue[:taken]
        far_end.pass_time(ms)
        if data.draw(st.booleans()):
            obey(far_end.pause())
            obey(far_end.resume())
    heard += queue
    told = [sample for sample in heard if sample]
    assert told == sorted(told)
    assert set(range(1, position - position % FRAME)) <= set(told)
    assert len(told) - len(set(told)) <= FRAME * len(sizes), "repeated: never more than a frame"
