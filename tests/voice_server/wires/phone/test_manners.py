"""A call held politely: asked once, then taken leave of, and never longer than it may be."""

import pytest

from voice_server import events as ev
from voice_server.settings import PhoneSettings
from voice_server.wires.phone.manners import Manners, Mood

pytestmark = pytest.mark.pure

SETTINGS = PhoneSettings(call_s_max=60)
IDLE = ev.Noticed("user_idle")


def spoken(manners: Manners) -> list[str]:
    return [wish.text for wish in manners.take() if isinstance(wish, ev.SayRequested)]


def done(reply: int, status: ev.ReplyStatus = "completed") -> ev.ReplyDone:
    return ev.ReplyDone(reply, status, "", {}, {})


def test_a_silent_caller_is_asked_and_then_left_when_the_farewell_was_heard() -> None:
    manners = Manners(SETTINGS)
    assert not manners.note(IDLE)
    assert spoken(manners) == [SETTINGS.silence_prompt]
    assert not manners.note(IDLE)
    assert spoken(manners) == [SETTINGS.farewell]
    assert not manners.note(ev.ReplyStarted(4, "say", None))
    assert manners.note(done(4)), "now the call is to be ended"
    assert manners.take() == [ev.SessionEnded()]


def test_a_caller_who_speaks_again_is_listened_to() -> None:
    manners = Manners(SETTINGS)
    for event in (IDLE, IDLE, ev.ReplyStarted(4, "say", None), ev.SpeechStarted(1, 0, True)):
        manners.note(event)
    assert not manners.note(done(4, "interrupted"))
    assert manners.mood is Mood.TALKING
    manners.take()
    manners.note(IDLE)
    assert spoken(manners) == [SETTINGS.silence_prompt], "from the beginning"


def test_a_call_that_has_lasted_long_enough_is_ended_whoever_speaks() -> None:
    manners = Manners(SETTINGS)
    manners.pass_time(59_999)
    assert manners.take() == []
    manners.pass_time(1)
    manners.pass_time(20)
    assert spoken(manners) == [SETTINGS.farewell]
    manners.note(ev.ReplyStarted(9, "say", None))
    manners.note(ev.SpeechStarted(3, 0, True))
    assert manners.note(done(9))


def test_no_farewell_means_no_words() -> None:
    manners = Manners(PhoneSettings(silence_prompt="", farewell=""))
    manners.note(IDLE)
    assert manners.take() == [ev.SessionEnded()]


def test_a_call_without_a_limit_has_none() -> None:
    manners = Manners(PhoneSettings(call_s_max=0))
    manners.pass_time(1e9)
    assert manners.take() == []
