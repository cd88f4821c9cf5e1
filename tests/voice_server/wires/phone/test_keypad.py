"""Keys: one stops an answer, digits are told when nobody types any more."""

import pytest

from voice_server import events as ev
from voice_server.settings import PhoneSettings
from voice_server.wires.phone.keypad import DIGITS_MAX, Keypad

pytestmark = pytest.mark.pure


def texts(events: list[ev.ClientEvent]) -> list[str]:
    return [event.text for event in events if isinstance(event, ev.TextReceived)]


def test_digits_are_told_after_a_pause() -> None:
    keypad = Keypad(PhoneSettings())
    for key in "12":
        assert keypad.press(key, replying=False) == [ev.DigitPressed(key)]
        assert keypad.pass_time(1900) == []
    assert texts(keypad.pass_time(100)) == ["The caller pressed 1 2 on the telephone."]
    assert keypad.pass_time(5000) == []


def test_the_hash_key_tells_them_at_once() -> None:
    keypad = Keypad(PhoneSettings())
    keypad.press("7", replying=False)
    assert texts(keypad.press("#", replying=False)) == ["The caller pressed 7 on the telephone."]
    assert texts(keypad.press("#", replying=False)) == []


@pytest.mark.parametrize(
    ("chosen", "key", "stops"),
    [("any", "5", True), ("*", "*", True), ("*", "5", False), ("", "5", False)],
)
def test_a_key_stops_an_answer(chosen: str, key: str, stops: bool) -> None:
    keypad = Keypad(PhoneSettings.model_validate({"interrupt_digit": chosen}))
    assert (ev.ReplyCancelled() in keypad.press(key, replying=True)) is stops
    assert ev.ReplyCancelled() not in keypad.press(key, replying=False)


def test_the_key_that_stops_answers_is_no_digit() -> None:
    keypad = Keypad(PhoneSettings(interrupt_digit="*"))
    keypad.press("*", replying=True)
    assert keypad.pass_time(5000) == []


def test_somebody_who_leans_on_a_key_is_told_of_soon() -> None:
    keypad = Keypad(PhoneSettings())
    told = [texts(keypad.press("1", replying=False)) for _ in range(DIGITS_MAX)]
    assert [bool(text) for text in told] == [False] * (DIGITS_MAX - 1) + [True]


def test_a_language_model_may_be_spared() -> None:
    keypad = Keypad(PhoneSettings(digits_text=""))
    keypad.press("1", replying=False)
    assert keypad.pass_time(5000) == []
