"""What may be configured while a session lives: merged, checked, shown. Pure."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import fields, replace

from models.asr import RecognitionOptions
from models.llm import Tool
from models.tts import Voice
from voice_server.events import SessionConfig
from voice_server.settings import (
    AsrSettings,
    Settings,
    SettingsError,
    ToolSettings,
    TurnSettings,
    patched,
)

INSTRUCTIONS_CHARS_MAX = 16_384
HINTS_CHARS_MAX = 1024
HOT_WORDS_MAX = 100
HOT_WORD_CHARS_MAX = 64
TOKENS_MAX = 32_768

KEYS = tuple(field.name for field in fields(SessionConfig) if field.name != "turn")
"""What is replaced whole; `turn` is merged."""

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")
"""The form of a tag (RFC 5646, 2.1); engines know which they speak."""

_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What the OpenAI chat API takes."""


class ConfigError(ValueError):
    """The configuration cannot be used; the message names the key and what is accepted."""


def merged(old: SessionConfig, new: SessionConfig) -> SessionConfig:
    """`new` over `old`, key by key; keys that are None stay as they were."""
    changes = {key: value for key in KEYS if (value := getattr(new, key)) is not None}
    return replace(old, **changes, turn={**old.turn, **new.turn})


def turn_settings(config: SessionConfig, settings: Settings) -> TurnSettings:
    """The server's turn-taking with the session's patch. Raises `ConfigError`."""
    try:
        return patched(settings.turn, config.turn)
    except SettingsError as error:
        problems = [f"turn.{problem}" for problem in str(error).splitlines()]
        raise ConfigError("; ".join(problems)) from None


def recognition(config: SessionConfig, asr: AsrSettings, session: str) -> RecognitionOptions:
    """What the recogniser is asked for."""
    return RecognitionOptions(
        language=config.language or asr.language,
        prompt=config.hints or "",
        hot_words=config.hot_words or (),
        allowed_languages=asr.languages,
        session=session,
    )


def check(config: SessionConfig, voices: Sequence[Voice], tools: ToolSettings) -> None:
    """Raise `ConfigError` unless everything but `turn` can be used."""
    if config.voice is not None:
        check_voice(config.voice, voices)
    if config.speed is not None and not 0.5 <= config.speed <= 2.0:
        raise ConfigError(f"speed: must be 0.5 to 2.0, not {config.speed}")
    if config.instructions is not None and len(config.instructions) > INSTRUCTIONS_CHARS_MAX:
        raise ConfigError(f"instructions: at most {INSTRUCTIONS_CHARS_MAX} characters")
    if config.language is not None and not _LANGUAGE.fullmatch(config.language):
        raise ConfigError("language: must be a BCP 47 tag such as en or de-AT")
    if config.hints is not None and len(config.hints) > HINTS_CHARS_MAX:
        raise ConfigError(f"hints: at most {HINTS_CHARS_MAX} characters")
    check_hot_words(config.hot_words or ())
    if config.max_tokens is not None and not 1 <= config.max_tokens <= TOKENS_MAX:
        raise ConfigError(f"max_tokens: must be 1 to {TOKENS_MAX}, not {config.max_tokens}")
    if config.temperature is not None and not 0 <= config.temperature <= 2:
        raise ConfigError(f"temperature: must be 0 to 2, not {config.temperature}")
    check_tools(config.tools or (), tools)


def check_hot_words(words: Sequence[str]) -> None:
    """Raise `ConfigError` where there are more than a recogniser takes notice of."""
    if len(words) > HOT_WORDS_MAX:
        raise ConfigError(f"hot_words: at most {HOT_WORDS_MAX} words, not {len(words)}")
    if any(not 1 <= len(word.strip()) <= HOT_WORD_CHARS_MAX for word in words):
        raise ConfigError(f"hot_words: each must have 1 to {HOT_WORD_CHARS_MAX} characters")


def check_tools(offered: Sequence[Tool], settings: ToolSettings) -> None:
    """Raise `ConfigError` unless a model can be offered these tools."""
    if len(offered) > settings.offered_max:
        raise ConfigError(f"tools: at most {settings.offered_max}, not {len(offered)}")
    for tool in offered:
        if not _TOOL_NAME.fullmatch(tool.name):
            raise ConfigError(
                f"tools: {tool.name[:64]!r} is no name; use 1 to 64 letters, digits, _ and -"
            )
    if len({tool.name for tool in offered}) < len(offered):
        raise ConfigError("tools: two tools have the same name")


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
        "tools": [tool.name for tool in config.tools or ()],
        "turn": turn.model_dump(),
    }
