"""What this server can do, as Wyoming describes it: one recogniser, one voice, one model. Pure."""

from collections.abc import Sequence
from itertools import groupby

from wyoming.event import Event
from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
)

from models.tts import Voice
from voice_server import __version__

OURS = Attribution(name="voice-server", url="")
ANY_LANGUAGE = ("en", "de", "es", "fr", "it", "nl", "pl", "pt", "ru", "zh")
"""What a language model is offered for: it says of none what it speaks."""


def info(
    recognizer: str,
    languages: Sequence[str],
    synthesizer: str,
    voices: Sequence[Voice],
    model: str,
) -> Event:
    """The answer to `describe`; names are the engines', languages BCP 47."""
    return Info(
        asr=[_asr(recognizer, sorted(languages) or ["en"])],
        tts=[_tts(synthesizer, voices)],
        handle=[_handle(model)],
    ).event()


def _asr(name: str, languages: Sequence[str]) -> AsrProgram:
    model = AsrModel(
        name=name,
        attribution=OURS,
        installed=True,
        description=name,
        version=__version__,
        languages=list(languages),
    )
    return AsrProgram(
        name="voice-server",
        attribution=OURS,
        installed=True,
        description="Speech recognition",
        version=__version__,
        models=[model],
        supports_transcript_streaming=True,
        requires_external_vad=True,
    )


def _tts(name: str, voices: Sequence[Voice]) -> TtsProgram:
    return TtsProgram(
        name="voice-server",
        attribution=OURS,
        installed=True,
        description=name,
        version=__version__,
        voices=[_voice(id, list(group)) for id, group in groupby(voices, lambda voice: voice.id)],
        supports_synthesize_streaming=True,
    )


def _voice(id: str, same: Sequence[Voice]) -> TtsVoice:
    return TtsVoice(
        name=id,
        attribution=OURS,
        installed=True,
        description=same[0].description or id,
        version=__version__,
        languages=[voice.language for voice in same],
    )


def _handle(name: str) -> HandleProgram:
    model = HandleModel(
        name=name,
        attribution=OURS,
        installed=True,
        description=name,
        version=__version__,
        languages=list(ANY_LANGUAGE),
    )
    return HandleProgram(
        name="voice-server",
        attribution=OURS,
        installed=True,
        description="Conversation",
        version=__version__,
        models=[model],
        supports_handled_streaming=True,
        supports_home_control=False,
    )
