"""Audio on its way to the client: whole, in order, paced, and aware of what was heard."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from audio import Samples
from models.tts import WordMark
from voice_server.conversation.playout import FRAME_MS, Playout, PlayoutEvent
from voice_server.events import AudioDone, AudioFrame, AudioMarked, AudioStarted

pytestmark = pytest.mark.pure

RATE = 8000
LEAD_MS = 500
LEAD = RATE * LEAD_MS // 1000


def ramp(start: int, count: int) -> Samples:
    """Samples that say where they belong."""
    return (np.arange(start, start + count) % 30_000).astype(np.int16)


def word(index: int, start: int, end: int) -> WordMark:
    """The mark of a word of five characters and a space."""
    return WordMark(6 * index, 6 * index + 5, start, end)


def filled(ms: int, *, complete: bool = True) -> Playout:
    """A playout with so much audio, and a mark for every 100 ms of it."""
    playout = Playout(1, RATE, LEAD_MS)
    marks = tuple(word(i, i * 800, i * 800 + 700) for i in range(ms // 100))
    playout.add(ramp(0, ms * RATE // 1000), marks)
    if complete:
        playout.complete()
    return playout


def frames(events: list[PlayoutEvent]) -> list[AudioFrame]:
    return [event for event in events if isinstance(event, AudioFrame)]


def test_audio_leaves_up_to_the_lead_and_then_at_the_pace_of_playback() -> None:
    playout = filled(2000)
    first = playout.due(0)
    assert isinstance(first[0], AudioStarted)
    assert len(frames(first)[0].samples) == 320, "the first frame is short, so that it leaves early"
    assert playout.sent == 320 + 4 * 800
    assert playout.due(0.0399) == []
    assert playout.next_due(0.01) == pytest.approx(0.04)
    assert playout.sent == 320 + 4 * 800


def test_a_mark_leaves_before_its_audio() -> None:
    events = filled(2000).due(0)
    audible = 0
    for event in events:
        if isinstance(event, AudioMarked):
            assert event.position >= audible
        elif isinstance(event, AudioFrame):
            audible = event.position + len(event.samples)
    assert [e.start_char for e in events if isinstance(e, AudioMarked)] == [0, 6, 12, 18, 24]


def test_the_last_frame_is_marked_and_the_end_is_told_once() -> None:
    events = filled(200).due(0)
    assert [frame.last for frame in frames(events)] == [False, False, True]
    assert events[-1] == AudioDone(1, 1600)


def test_a_reply_without_audio_is_played_out_at_once() -> None:
    playout = Playout(1, RATE, LEAD_MS)
    assert not playout.played_out(0)
    playout.complete()
    assert playout.due(0) == []
    assert playout.played_out(0)


def test_it_is_played_out_when_the_last_sample_was_heard() -> None:
    playout = filled(300)
    playout.due(10.0)
    assert playout.next_due(10.0) == pytest.approx(10.3)
    assert not playout.played_out(10.29)
    assert playout.played_out(10.3)


def test_paused_it_sends_nothing_and_goes_on_with_the_next_sample() -> None:
    playout = filled(2000)
    before = frames(playout.due(0))[-1]
    playout.pause(0.2, client_stops=True)
    assert playout.due(100) == []
    assert playout.next_due(100) is None
    assert playout.position(100) == 1600
    playout.resume(100)
    assert playout.position(100.125) == 2600
    after = frames(playout.due(100.125))[0]
    assert after.position == before.position + len(before.samples)
    assert after.samples[0] == before.samples[-1] + 1


def test_a_client_that_cannot_hold_plays_what_it_has() -> None:
    playout = filled(2000)
    playout.due(0)
    playout.pause(0.1, client_stops=False)
    assert playout.position(0.3) == 2400
    assert playout.position(60) == playout.sent


def test_a_loudspeaker_that_ran_dry_goes_on_with_the_next_frame() -> None:
    playout = filled(200, complete=False)
    playout.due(0)
    assert playout.position(5) == 1600
    playout.add(ramp(1600, 800))
    assert frames(playout.due(5))
    assert playout.position(5.0625) == 2100


@pytest.mark.parametrize(
    ("reported", "believed", "plausible"),
    [(1000, 1000, True), (10**9, 3520, False), (-1, 0, False), (3520, 3520, True)],
)
def test_reports_are_believed_within_reason(reported: int, believed: int, plausible: bool) -> None:
    playout = filled(2000)
    playout.due(0)
    assert playout.sent == 3520
    assert playout.report(reported, False, 0.1) is plausible
    assert playout.position(9) == believed


def test_no_report_takes_back_an_earlier_one() -> None:
    playout = filled(2000)
    playout.due(0)
    playout.report(2000, False, 0.3)
    assert not playout.report(1000, False, 0.4)
    assert playout.position(0.4) == 2000


@pytest.mark.parametrize("estimated_by", ["pause", "underrun"])
def test_a_report_may_say_that_less_was_played_than_was_estimated(estimated_by: str) -> None:
    playout = filled(400, complete=False)
    playout.due(0)
    playout.report(0, True, 0)
    if estimated_by == "pause":
        playout.pause(0.3, client_stops=True)
    else:
        playout.add(ramp(3200, 800))
        playout.due(1)
    assert playout.report(2000, False, 1)
    assert playout.heard(1).position == 2000


def test_a_loudspeaker_that_stands_still_gets_no_more_than_the_lead() -> None:
    playout = filled(5000)
    now = 0.0
    for _ in range(50):
        playout.due(now)
        playout.report(0, False, now)
        now += 0.1
    assert playout.sent <= LEAD
    assert playout.next_due(now) is None
    playout.report(0, True, now)
    assert playout.next_due(now) is not None


def test_a_word_was_heard_when_its_last_sample_was() -> None:
    playout = filled(500)
    playout.due(0)
    assert playout.heard(0.087).end_char == 0
    assert playout.heard(0.088).end_char == 5
    assert playout.heard(0.25).end_char == 11
    assert playout.heard(0.25).basis == "estimated"
    playout.report(700, False, 0.25)
    assert (playout.heard(0.25).end_char, playout.heard(0.25).basis) == (5, "reported")


def test_what_sounds_are_the_words_of_the_last_seconds() -> None:
    playout = Playout(1, RATE, 10_000)
    marks = tuple(word(i, i * 800, i * 800 + 700) for i in range(80))
    playout.add(ramp(0, 64_000), marks)
    assert playout.sounding(0, 4) == (0, 0)
    playout.due(0)
    start, end = playout.sounding(6.0, 4)
    assert start == marks[20].start_char
    assert end == marks[65].end_char, "a word that sounds next belongs to it"


@given(
    chunks=st.lists(st.integers(0, 3000), max_size=12),
    wait_s=st.lists(st.floats(0, 0.3), min_size=12, max_size=12),
    rate=st.sampled_from((8000, 16_000, 22_050, 24_000, 44_100)),
)
def test_stepping_from_due_to_due_drains_everything(
    chunks: list[int], wait_s: list[float], rate: int
) -> None:
    playout = Playout(1, rate, LEAD_MS)
    now, position, sent = 0.0, 0, []
    for count, wait in zip(chunks, wait_s, strict=False):
        playout.add(ramp(position, count))
        position += count
        sent += playout.due(now)
        now += wait
    playout.complete()
    steps = 0
    sent += playout.due(now)
    while (due := playout.next_due(now)) is not None and not playout.played_out(now):
        assert due >= now
        now = due
        sent += playout.due(now)
        steps += 1
        assert steps < 1000, "it turns on the spot"
    assert playout.played_out(now)
    whole = np.concatenate([np.zeros(0, np.int16), *(frame.samples for frame in frames(sent))])
    assert np.array_equal(whole, ramp(0, position))


class AnyOrder(RuleBasedStateMachine):
    """Audio, pauses and reports, true ones and lies, while time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.playout = Playout(1, RATE, LEAD_MS)
        self.now = 0.0
        self.made = 0
        self.words = 0
        self.sent: list[PlayoutEvent] = []
        self.paused = False
        self.complete = False

    @precondition(lambda self: not self.complete)
    @rule(count=st.integers(0, 4000))
    def add(self, count: int) -> None:
        marks = tuple(
            word(self.words + i, self.made + i * 500, self.made + i * 500 + 400)
            for i in range(count // 500)
        )
        self.playout.add(ramp(self.made, count), marks)
        self.made += count
        self.words += len(marks)

    @rule()
    def finish(self) -> None:
        self.playout.complete()
        self.complete = True

    @rule(seconds=st.floats(0, 1))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        position = self.playout.position(self.now)
        events = self.playout.due(self.now)
        assert not (events and self.paused)
        assert self.playout.sent - position <= LEAD or not frames(events)
        self.sent += events

    @rule(client_stops=st.booleans())
    def pause(self, client_stops: bool) -> None:
        self.playout.pause(self.now, client_stops=client_stops)
        self.paused = True

    @rule()
    def resume(self) -> None:
        self.playout.resume(self.now)
        self.paused = False

    @rule(position=st.integers(-10_000, 100_000), moving=st.booleans())
    def report_anything(self, position: int, moving: bool) -> None:
        self.playout.report(position, moving, self.now)

    @rule(late=st.integers(0, 400), moving=st.booleans())
    def report(self, late: int, moving: bool) -> None:
        self.playout.report(self.playout.position(self.now) - late, moving, self.now)

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        assert self.playout.made == self.made
        sent = frames(self.sent)
        ends = [0, *(frame.position + len(frame.samples) for frame in sent)]
        assert [frame.position for frame in sent] == ends[:-1]
        assert ends[-1] == self.playout.sent
        for frame in sent[-2:]:
            assert np.array_equal(frame.samples, ramp(frame.position, len(frame.samples)))
            assert len(frame.samples) <= RATE * FRAME_MS // 1000

    @invariant()
    def what_is_heard_was_sent(self) -> None:
        heard = self.playout.heard(self.now)
        assert 0 <= heard.position <= self.playout.sent
        marks = [event for event in self.sent if isinstance(event, AudioMarked)]
        ended = [mark.end_char for mark in marks if mark.end_position <= heard.position]
        assert heard.end_char == max(ended, default=0)

    @invariant()
    def what_is_due_can_be_sent(self) -> None:
        due = self.playout.next_due(self.now)
        assert due is None or due >= self.now
        if self.paused:
            assert due is None

    def teardown(self) -> None:
        kinds = [type(event) for event in self.sent if not isinstance(event, AudioMarked)]
        assert kinds.count(AudioStarted) == (AudioFrame in kinds)
        assert AudioDone not in kinds[:-1]
        starts = [event.start_char for event in self.sent if isinstance(event, AudioMarked)]
        assert all(a < b for a, b in pairwise(starts))


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = hypothesis_settings(max_examples=60, stateful_step_count=30)
