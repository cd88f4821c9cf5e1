"""A call held politely: asked once, then taken leave of, and never longer than it may be."""

import pytest

from voice_server import events as ev
from voice_server.settings import PhoneSettings
from voice_server.wires.phone.courtesy import Courtesy, Mood

pytestmark = pytest.mark.pure

SETTINGS = PhoneSettings(call_s_max=60)
IDLE = ev.Noticed("user_idle")


def spoken(courtesy: Courtesy) -> list[str]:
    return [wish.text for wish in courtesy.take() if isinstance(wish, ev.SayRequested)]


def done(reply: int, status: ev.ReplyStatus = "completed") -> ev.ReplyDone:
    return ev.ReplyDone(reply, status, "", {}, {})


def test_a_silent_caller_is_asked_and_then_left_when_the_farewell_was_heard() -> None:
    courtesy = Courtesy(SETTINGS)
    assert not courtesy.note(IDLE)
    assert spoken(courtesy) == [SETTINGS.silence_prompt]
    assert not courtesy.note(IDLE)
    assert spoken(courtesy) == [SETTINGS.farewell]
    assert not courtesy.note(ev.ReplyStarted(4, "say", None))
    assert courtesy.note(done(4)), "now the call is to be ended"
    assert courtesy.take() == [ev.SessionEnded()]


def test_a_caller_who_speaks_again_is_listened_to() -> None:
    courtesy = Courtesy(SETTINGS)
    for event in (IDLE, IDLE, ev.ReplyStarted(4, "say", None), ev.SpeechStarted(1, 0, True)):
        courtesy.note(event)
    assert not courtesy.note(done(4, "interrupted"))
    assert courtesy.mood is Mood.TALKING
    courtesy.take()
    courtesy.note(IDLE)
    assert spoken(courtesy) == [SETTINGS.silence_prompt], "from the beginning"


def test_a_call_that_has_lasted_long_enough_is_ended_whoever_speaks() -> None:
    courtesy = Courtesy(SETTINGS)
    courtesy.pass_time(59_999)
    assert courtesy.take() == []
    courtesy.pass_time(1)
    courtesy.pass_time(20)
    assert spoken(courtesy) == [SETTINGS.farewell]
    courtesy.note(ev.ReplyStarted(9, "say", None))
    courtesy.note(ev.SpeechStarted(3, 0, True))
    assert courtesy.note(done(9))


def test_no_farewell_means_no_words() -> None:
    courtesy = Courtesy(PhoneSettings(silence_prompt="", farewell=""))
    courtesy.note(IDLE)
    assert courtesy.take() == [ev.SessionEnded()]


def test_a_call_without_a_limit_has_none() -> None:
    courtesy = Courtesy(PhoneSettings(call_s_max=0))
    courtesy.pass_time(1e9)
    assert courtesy.take() == []
