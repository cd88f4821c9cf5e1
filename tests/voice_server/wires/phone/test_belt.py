"""The belt and its clock: silence between, marks passed, no drift in an hour."""

import pytest

from voice_server.wires.phone.belt import LATE_MAX, Belt, FrameClock

pytestmark = pytest.mark.pure

SILENCE = b"\x10\x00\x00"
PERIOD_S = 0.02


def belt(*items: bytes | str) -> Belt:
    made = Belt(SILENCE)
    for item in items:
        made.put(item)
    return made


def test_frames_leave_in_order_and_then_there_is_silence() -> None:
    moving = belt(b"a", b"b")
    assert [moving.next() for _ in range(3)] == [b"a", b"b", SILENCE]


def test_a_mark_is_passed_when_the_frame_before_it_was_played() -> None:
    moving = belt(b"a", "mark 1", b"b", "mark 2")
    moving.next()
    assert moving.passed() == []
    moving.next()
    assert moving.passed() == ["mark 1"]
    moving.next()
    assert moving.passed() == ["mark 2"]
    assert moving.passed() == []


def test_a_belt_that_is_held_keeps_everything() -> None:
    moving = belt(b"a", "pause", b"b")
    assert moving.next() == SILENCE
    moving.put("resume")
    assert [moving.next(), moving.next()] == [b"a", b"b"]


def test_a_belt_that_is_cleared_forgets_frames_and_marks() -> None:
    moving = belt(b"a", "mark 1", "clear")
    assert (moving.next(), moving.passed()) == (SILENCE, [])


def test_an_hour_without_drift() -> None:
    """Each frame leaves a little late, and the next is not later for it."""
    clock = FrameClock(100.0, PERIOD_S)
    for frame in range(180_000):
        assert clock.due == 100.0 + frame * PERIOD_S
        clock.tick(clock.due + 0.004)
    assert clock.due == pytest.approx(3700.0, abs=1e-9)
    assert clock.skipped == 0


def test_what_is_a_little_late_is_made_up_for() -> None:
    clock = FrameClock(0.0, PERIOD_S)
    clock.tick(0.1)
    assert clock.due == pytest.approx(0.02)


def test_after_a_long_stop_it_goes_on_from_now() -> None:
    clock = FrameClock(0.0, PERIOD_S)
    clock.tick(5.0)
    assert clock.due == pytest.approx(5.0)
    assert clock.skipped > LATE_MAX
