"""When a microphone is ignored because it would hear the loudspeaker."""

import pytest

from voice_server.conversation.half_duplex import HalfDuplex
from voice_server.settings import TurnSettings

pytestmark = pytest.mark.pure

ON = TurnSettings(half_duplex="on", half_duplex_tail_ms=300)
AUTO = TurnSettings(half_duplex="auto")


def ignores(
    ear: HalfDuplex,
    now: float = 0.0,
    *,
    sounds: bool = False,
    speaks: bool = False,
    settings: TurnSettings = ON,
) -> bool:
    return ear.ignores(sounds=sounds, speaks=speaks, now=now, settings=settings)


def test_the_microphone_is_ignored_while_a_reply_sounds_and_a_little_longer() -> None:
    ear = HalfDuplex(may_echo=True)
    assert not ignores(ear, 0.0)
    assert ignores(ear, 1.0, sounds=True)
    assert ignores(ear, 9.0, sounds=True)
    assert ignores(ear, 9.2)
    assert not ignores(ear, 9.3)


def test_whoever_speaks_already_is_heard_to_the_end() -> None:
    ear = HalfDuplex(may_echo=True)
    assert not ignores(ear, 1.0, sounds=True, speaks=True)
    assert ignores(ear, 2.0, sounds=True)


def test_a_button_is_stronger() -> None:
    settings = TurnSettings(half_duplex="on", mode="manual")
    assert not ignores(HalfDuplex(may_echo=True), sounds=True, settings=settings)


def test_auto_asks_whether_the_client_cancels_echoes() -> None:
    assert ignores(HalfDuplex(may_echo=True), sounds=True, settings=AUTO)
    assert not ignores(HalfDuplex(may_echo=False), sounds=True, settings=AUTO)
    assert ignores(HalfDuplex(may_echo=False), sounds=True, settings=ON)
    assert not ignores(HalfDuplex(may_echo=True), sounds=True, settings=TurnSettings())
