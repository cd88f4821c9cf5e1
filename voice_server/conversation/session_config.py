"""What may be configured while a session lives: merged, checked, shown. Pure."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import replace

from models.tts import Voice
from voice_server.events import SessionConfig
from voice_server.settings import Settings, SettingsError, TurnSettings, patched

INSTRUCTIONS_CHARS_MAX = 16_384

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")
"""The form of a tag (RFC 5646, 2.1); engines know which they speak."""


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key and what is accepted."""


def merged(old: SessionConfig, new: SessionConfig) -> SessionConfig:
    """`new` over `old`, key by key; keys that are None stay as they were."""
    changes = {
        key: value
        for key in ("language", "instructions", "voice", "speed")
        if (value := getattr(new, key)) is not None
    }
    return replace(old, **changes, turn={**old.turn, **new.turn})


def turn_settings(config: SessionConfig, settings: Settings) -> TurnSettings:
    """The server's turn-taking with the session's patch. Raises `ConfigError`."""
    try:
        return patched(settings.turn, config.turn)
    except SettingsError as error:
        problems = [f"turn.{problem}" for problem in str(error).splitlines()]
        raise ConfigError("; ".join(problems)) from None


def check(config: SessionConfig, voices: Sequence[Voice]) -> None:
    """Raise `ConfigError` unless everything but `turn` can be used."""
    if config.voice is not None:
        check_voice(config.voice, voices)
    if config.speed is not None and not 0.5 <= config.speed <= 2.0:
        raise ConfigError(f"speed: must be 0.5 to 2.0, not {config.speed}")
    if config.instructions is not None and len(config.instructions) > INSTRUCTIONS_CHARS_MAX:
        raise ConfigError(f"instructions: at most {INSTRUCTIONS_CHARS_MAX} characters")
    if config.language is not None and not _LANGUAGE.fullmatch(config.language):
        raise ConfigError("language: must be a BCP 47 tag such as en or de-AT")


def check_voice(voice: str, voices: Sequence[Voice]) -> None:
    """Raise `ConfigError` unless the voice exists; the message names near ones."""
    ids = [known.id for known in voices]
    if voice not in ids:
        near = difflib.get_close_matches(voice, ids, n=3, cutoff=0.4) or ids[:3]
        raise ConfigError(f"voice: there is no voice {voice[:64]!r}; try {', '.join(near)}")


def effective(config: SessionConfig, turn: TurnSettings, settings: Settings) -> dict[str, object]:
    """What holds now, as plain values for the client."""
    return {
        "language": config.language or settings.asr.language,
        "voice": config.voice or settings.tts.voice,
        "speed": config.speed or settings.tts.speed,
        "instructions": config.instructions or "",
        "turn": turn.model_dump(),
    }
