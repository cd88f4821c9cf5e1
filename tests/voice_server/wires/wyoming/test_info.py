"""What the server says of itself can be read by the package that Home Assistant uses."""

import pytest
from wyoming.info import Info

from models.tts import Voice
from voice_server.wires.wyoming.info import info

pytestmark = pytest.mark.pure

VOICES = (Voice("amy", "en-US", "Amy, medium"), Voice("thorsten", "de-DE"))


def test_each_engine_is_one_program() -> None:
    about = Info.from_event(info("whisper:small", ["de", "en"], "piper", VOICES, "qwen"))
    assert about.asr[0].models[0].languages == ["de", "en"]
    assert about.asr[0].models[0].description == "whisper:small"
    assert [(voice.name, voice.description) for voice in about.tts[0].voices] == [
        ("amy", "Amy, medium"),
        ("thorsten", "thorsten"),
    ]
    assert [voice.languages for voice in about.tts[0].voices] == [["en-US"], ["de-DE"]]
    assert about.handle[0].models[0].name == "qwen"
    assert not about.handle[0].supports_home_control
    assert (about.wake, about.intent, about.mic, about.snd) == ([], [], [], [])


def test_a_recogniser_that_names_no_language_is_offered_for_one() -> None:
    about = Info.from_event(info("x", [], "y", (), "z"))
    assert about.asr[0].models[0].languages == ["en"]
