"""Speech requests: defaults, OpenAI's voices, bounds."""

import base64
import json

import pytest

from models.llm.sse import EventStream
from models.tts import Voice
from voice_server.wires.openai_errors import ApiError
from voice_server.wires.openai_speech import (
    OPENAI_VOICES,
    SpeechRequest,
    delta,
    done,
    parse,
    voice_list,
)

pytestmark = pytest.mark.pure

VOICES = (Voice("en-us", "en-us", "espeak-ng"), Voice("de", "de"))


def asked(**fields: object) -> SpeechRequest:
    body = json.dumps({"input": "Hello.", **fields}).encode()
    return parse(body, voices=VOICES, chars_max=4096)


def test_only_the_text_is_required() -> None:
    assert asked() == SpeechRequest("Hello.")
    assert asked(response_format=None, speed=None, stream_format=None, voice=None) == asked()


def test_all_that_can_be_asked_for() -> None:
    assert asked(
        model="tts-1",
        voice={"id": "de"},
        response_format="wav",
        speed=1.5,
        stream_format="sse",
        instructions="Whisper.",
    ) == SpeechRequest("Hello.", "tts-1", "de", "wav", 1.5, events=True)


@pytest.mark.parametrize("voice", sorted(OPENAI_VOICES))
def test_openais_voices_are_the_default_voice(voice: str) -> None:
    assert asked(voice=voice).voice is None


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("input", "  ", "input is empty"),
        ("input", "x" * 4097, "4097 characters; 4096 are allowed"),
        ("input", 5, "input: expected `str`, got `int`"),
        ("voice", "dee", "no voice 'dee'; try de"),
        ("response_format", "midi", "response_format: invalid enum value 'midi'"),
        ("speed", 0.2, "speed is 0.25 to 4.0, not 0.2"),
        ("speed", 4.1, "speed is 0.25 to 4.0, not 4.1"),
        ("stream_format", "video", "stream_format: invalid enum value 'video'"),
    ],
)
def test_what_cannot_be_had_is_named(field: str, value: object, says: str) -> None:
    with pytest.raises(ApiError, match=says) as caught:
        asked(**{field: value})
    assert (caught.value.status, caught.value.param) == (400, field)


def test_audio_comes_back_from_its_events() -> None:
    first, last, end = EventStream().feed(delta(b"\x00\xff") + done())
    event = json.loads(first)
    assert event["type"] == "speech.audio.delta"
    assert base64.b64decode(event["audio"]) == b"\x00\xff"
    assert json.loads(last)["type"] == "speech.audio.done"
    assert end == "[DONE]"


def test_voices_are_listed() -> None:
    listed = voice_list(VOICES)["voices"]
    assert isinstance(listed, list)
    assert [(voice["id"], voice["language"]) for voice in listed] == [
        ("en-us", "en-us"),
        ("de", "de"),
    ]
