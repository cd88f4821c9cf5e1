"""`POST /v1/audio/speech` and `GET /v1/audio/voices`: JSON in, events and lists out. Pure.

Source: the OpenAI API reference, "Create speech". OpenAI's voices are taken for the default voice,
because clients have them built in; any other name must be a voice of the engine.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from models.tts import Voice
from voice_server.conversation.session_config import ConfigError, check_voice
from voice_server.recordings.audio_encoder import Format
from voice_server.wires.event_stream import DONE, event
from voice_server.wires.openai_errors import decode, invalid

CONTENT_TYPES: dict[Format, str] = {
    "pcm": "audio/pcm",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "opus": "audio/ogg",
    "aac": "audio/aac",
}

OPENAI_VOICES = frozenset(
    (
        *("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable"),
        *("marin", "nova", "onyx", "sage", "shimmer", "verse"),
    )
)

SPEED_MIN, SPEED_MAX = 0.25, 4.0
"""OpenAI's bounds."""


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What is to be read out, and how."""

    text: str = field(repr=False)
    model: str = ""
    """Empty: not named."""
    voice: str | None = None
    """A voice of the engine; None: the default."""
    format: Format = "mp3"
    speed: float = 1.0
    events: bool = False
    """Answer with events instead of bare audio."""


class _VoiceId(msgspec.Struct):
    id: str


class _Body(msgspec.Struct):
    input: str
    model: str = ""
    voice: str | _VoiceId | None = None
    response_format: Format | None = None
    speed: float | None = None
    stream_format: Literal["audio", "sse"] | None = None


def parse(body: bytes, *, voices: Sequence[Voice], chars_max: int) -> SpeechRequest:
    """Understand the body. Raises `ApiError`."""
    asked = decode(body, _Body)
    speed = 1.0 if asked.speed is None else asked.speed
    if not asked.input.strip():
        raise invalid("input", "There is nothing to say: input is empty.")
    if len(asked.input) > chars_max:
        raise invalid("input", f"input has {len(asked.input)} characters; {chars_max} are allowed.")
    if not SPEED_MIN <= speed <= SPEED_MAX:
        raise invalid("speed", f"speed is {SPEED_MIN} to {SPEED_MAX}, not {speed:g}.")
    return SpeechRequest(
        text=asked.input,
        model=asked.model,
        voice=_voice(asked.voice, voices),
        format=asked.response_format or "mp3",
        speed=speed,
        events=asked.stream_format == "sse",
    )


def delta(audio: bytes) -> bytes:
    """The event for a stretch of encoded audio."""
    return event({"type": "speech.audio.delta", "audio": base64.b64encode(audio).decode()})


def done() -> bytes:
    """The last event, and the end of the stream. Voices here do not count in tokens."""
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    return event({"type": "speech.audio.done", "usage": usage}) + DONE


def voice_list(voices: Sequence[Voice]) -> dict[str, object]:
    """What `GET /v1/audio/voices` answers; the first is the default."""
    listed = [
        {
            "id": voice.id,
            "name": voice.id,
            "language": voice.language,
            "description": voice.description,
        }
        for voice in voices
    ]
    return {"voices": listed}


def _voice(asked: str | _VoiceId | None, voices: Sequence[Voice]) -> str | None:
    name = asked.id if isinstance(asked, _VoiceId) else asked
    if not name or name in OPENAI_VOICES:
        return None
    try:
        check_voice(name, voices)
    except ConfigError as error:
        raise invalid("voice", f"{error}.") from None
    return name
