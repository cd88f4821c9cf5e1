"""Every setting in one typed tree: TOML file < environment < command line.

A key that does not exist is refused with the nearest name, a value out of range with its range.
Environment variables are `VOICE_SERVER_SECTION__KEY`. Units are the last word of a name.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnparsableVariable

from voice_server.settings.errors import SettingsError, nearest, sentences
from voice_server.settings.rest import RestSettings
from voice_server.settings.section import Milliseconds, Port, Seconds, Section

__all__ = ["Settings", "SettingsError", "assigned", "load", "patched"]

ENVIRONMENT_PREFIX = "VOICE_SERVER_"


class ServerSettings(Section):
    """Where the server listens and who may open its page."""

    host: str = "127.0.0.1"
    port: Port = 8080
    """0 takes any free port; the ready line says which."""
    allowed_origins: tuple[str, ...] = ()
    """Browser origins besides the server's own, e.g. `https://kiosk.example`."""
    drain_s: Seconds = 20.0
    """On SIGTERM: how long replies in progress may go on."""


class AuthSettings(Section):
    """Who may talk. Beyond loopback at least one key is required."""

    keys: tuple[str, ...] = Field(default=(), repr=False)
    """API keys of at least 16 characters, sent as `Authorization: Bearer` or a subprotocol."""


class ScriptedAsrSettings(Section):
    """The recogniser that reads from a list (tests, load runs)."""

    texts: tuple[str, ...] = ("Tell me a story.",)
    partial_ms: Milliseconds = 20
    final_ms: Milliseconds = 60


class AsrSettings(Section):
    """Speech recognition."""

    engine: str = "auto"
    """`auto`, `bundled`, `pocketsphinx`, `scripted`, a faster-whisper model name or a directory."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = "auto"
    workers: Annotated[int, Field(ge=1, le=64)] = 2
    """Decodes that may run at once."""
    utterances_max: Annotated[int, Field(ge=1, le=64)] = 8
    """For pocketsphinx: people who may speak at once; each takes a process of 140 MB."""
    beam_size: Annotated[int, Field(ge=1, le=10)] = 1
    """For finals; partials are always greedy."""
    language: str | None = None
    """BCP 47 primary tag; unset lets a multilingual model detect it."""
    partial_interval_ms: Annotated[int, Field(ge=100, le=5000)] = 300
    final_deadline_s: Seconds = 10.0
    window_margin_ms: Annotated[int, Field(ge=0, le=20_000)] = 2560
    """Silence after the audio that a stock Whisper needs to stay calm in a short window."""
    scripted: ScriptedAsrSettings = ScriptedAsrSettings()


class ScriptedLlmSettings(Section):
    """The language model that reads from a list (tests, load runs)."""

    texts: tuple[str, ...] = ("This is a scripted answer. It has two sentences.",)
    first_token_ms: Milliseconds = 120
    token_interval_ms: Milliseconds = 10


class LlmSettings(Section):
    """The language model that answers."""

    engine: str = "auto"
    """`auto`, `offline`, `scripted` or the base URL of an OpenAI-compatible server."""
    model: str = "auto"
    """Model id at the endpoint; `auto` takes the first it lists."""
    api_key: str = Field(default="", repr=False)
    system_prompt: str = Field(
        default=(
            "You are a helpful voice assistant. Your words are spoken aloud, so answer in one to "
            "three short sentences of plain text, without lists, markup or emoji."
        ),
        repr=False,
    )
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=32768)] = 512
    history_bytes_max: Annotated[int, Field(ge=1024)] = 32_768
    """Oldest turns leave the prompt beyond this many bytes of text."""
    connect_timeout_s: Seconds = 2.0
    first_token_timeout_s: Seconds = 10.0
    token_timeout_s: Seconds = 10.0
    total_timeout_s: Seconds = 60.0
    disable_thinking: bool = False
    """Ask the endpoint for a chat template without thinking (Qwen and its like)."""
    streams_max: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Replies that may be streamed from the endpoint at once."""
    greeting: str = Field(default="", repr=False)
    """Spoken when a conversation begins; empty: the user begins."""
    apology: str = Field(default="Sorry, I can't think of an answer right now.", repr=False)
    """Spoken when the language model fails before its first word."""
    scripted: ScriptedLlmSettings = ScriptedLlmSettings()


class ScriptedTtsSettings(Section):
    """The voice that hums (tests, load runs)."""

    first_chunk_ms: Milliseconds = 60
    char_ms: Annotated[int, Field(ge=1, le=1000)] = 60
    """Milliseconds of audio per character of text."""


class TtsSettings(Section):
    """Speech synthesis."""

    engine: str = "auto"
    """`auto`, `espeak`, `scripted`, a Piper voice name (`en_US-lessac-medium`) or `.onnx` file."""
    voice: str | None = None
    """A voice of the engine; unset takes its default."""
    speed: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    reply_s_max: Annotated[int, Field(ge=1, le=600)] = 60
    """Seconds of audio one reply may have."""
    scripted: ScriptedTtsSettings = ScriptedTtsSettings()


class TurnSettings(Section):
    """Whose turn it is, in milliseconds of microphone audio."""

    mode: Literal["vad", "manual"] = "vad"
    """`manual`: turns end at `audio.commit` only."""
    onset_ms: Annotated[int, Field(ge=10, le=1000)] = 60
    """Voice needed before an utterance begins."""
    endpoint: Literal["adaptive", "fixed"] = "adaptive"
    """`adaptive`: the words decide how much silence ends a turn; `fixed`: `silence_ms`, always."""
    eagerness: Literal["low", "auto", "high"] = "auto"
    """How soon an adaptive end of turn is believed."""
    silence_ms: Annotated[int, Field(ge=100, le=5000)] = 500
    """Silence that ends a turn whose words read neither complete nor unfinished."""
    silence_ms_min: Annotated[int, Field(ge=100, le=5000)] = 200
    """Silence that ends a turn whose words read complete."""
    silence_ms_max: Annotated[int, Field(ge=100, le=10_000)] = 1500
    """Silence that ends any turn."""
    soft_silence_ms: Annotated[int, Field(ge=50, le=5000)] = 80
    """Silence at which the final decode begins, in the hope that the turn has ended."""
    speculate: bool = True
    """Begin the reply before the turn has ended, and hold it until then."""
    speculations_max: Annotated[int, Field(ge=0, le=20)] = 3
    """Replies begun in vain per turn; then the end is waited for."""
    speech_ms_min: Annotated[int, Field(ge=0, le=2000)] = 100
    """Utterances with less voice than this are dropped as clicks."""
    interrupt: Literal["confirm", "instant", "off"] = "confirm"
    """Voice over a reply pauses it until words or length confirm, stops it at once, or does not."""
    interrupt_onset_ms: Annotated[int, Field(ge=10, le=1000)] = 30
    """Voice over a reply needed before it is paused."""
    interrupt_words_ms: Annotated[int, Field(ge=10, le=5000)] = 200
    """Voice that, with a word that is no backchannel, takes the floor."""
    interrupt_ms: Annotated[int, Field(ge=10, le=10_000)] = 600
    """Voice that takes the floor without words."""
    interrupt_resume_ms: Annotated[int, Field(ge=100, le=10_000)] = 1000
    """Silence after which a reply goes on that nothing has confirmed to be interrupted."""
    interrupt_warm_up_ms: Annotated[int, Field(ge=0, le=5000)] = 0
    """Voice cannot interrupt so soon after a reply began to sound (echo cancellers settling)."""
    pre_roll_ms: Annotated[int, Field(ge=0, le=2000)] = 500
    """Audio from before the onset that belongs to the utterance."""
    utterance_ms_max: Annotated[int, Field(ge=1000, le=300_000)] = 30_000
    """A turn is cut here even without silence."""
    stall_ms: Annotated[int, Field(ge=100, le=60_000)] = 2000
    """A microphone that sends nothing for so long in the middle of a turn has fallen silent."""
    user_idle_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    """Silence on both sides after which a `user_idle` notice is sent, once; 0 never."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        in_order = self.silence_ms_min <= self.silence_ms <= self.silence_ms_max
        if self.endpoint == "adaptive" and not in_order:
            raise ValueError("silence_ms must lie between silence_ms_min and silence_ms_max")
        if self.interrupt_words_ms > self.interrupt_ms:
            raise ValueError("interrupt_words_ms must not exceed interrupt_ms")
        return self


class LimitSettings(Section):
    """What one client, and all of them together, may use. Every hit is counted by name."""

    sessions_max: Annotated[int, Field(ge=1)] = 200
    sessions_per_ip_max: Annotated[int, Field(ge=1)] = 20
    message_bytes_max: Annotated[int, Field(ge=1024)] = 65_552
    """64 KiB of audio and the frame header."""
    text_bytes_max: Annotated[int, Field(ge=1024)] = 16_384
    hello_timeout_s: Seconds = 5.0
    idle_timeout_s: Seconds = 120.0
    """Without audio or messages; 0 never."""
    idle_warning_s: Seconds = 30.0
    session_s_max: Seconds = 3600.0
    session_warning_s: Seconds = 60.0
    bad_messages_max: Annotated[int, Field(ge=1)] = 20
    """In a row; then the connection is closed."""
    control_messages_per_s: Annotated[int, Field(ge=1)] = 60
    audio_burst_s: Annotated[float, Field(ge=1)] = 60.0
    """Audio may arrive this far ahead of real time."""
    audio_rate_max: Annotated[float, Field(ge=1)] = 2.0
    """Seconds of audio per second once the burst is used up."""
    out_queue_bytes_max: Annotated[int, Field(ge=4096)] = 262_144
    send_timeout_s: Seconds = 5.0
    ping_interval_s: Seconds = 15.0
    lead_ms_max: Annotated[int, Field(ge=100, le=10_000)] = 2000
    """Audio sent ahead of playback at most."""


class ModelSettings(Section):
    """Where models come from."""

    offline: bool = False
    """Never touch a model hub."""
    cache_dir: Path | None = None
    """Unset: the usual caches of Hugging Face and, for voices, `~/.cache/voice-server`."""
    turn_model: Path | None = None
    """An end-of-turn model to plug in: an ONNX file with the interface of smart-turn v3."""
    hub_timeout_s: Annotated[float, Field(gt=0, le=60)] = 3.0


class LogSettings(Section):
    """Logs go to stderr and never contain anybody's words."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(BaseSettings):
    """The whole tree."""

    model_config = SettingsConfigDict(
        extra="forbid",
        frozen=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    server: ServerSettings = ServerSettings()
    auth: AuthSettings = AuthSettings()
    asr: AsrSettings = AsrSettings()
    llm: LlmSettings = LlmSettings()
    tts: TtsSettings = TtsSettings()
    turn: TurnSettings = TurnSettings()
    limits: LimitSettings = LimitSettings()
    rest: RestSettings = RestSettings()
    models: ModelSettings = ModelSettings()
    logs: LogSettings = LogSettings()


Tree = dict[str, Any]
"""Settings as nested tables of plain values, not yet validated."""

AnyModel = TypeVar("AnyModel", bound=BaseModel)


def load(file: Path | None = None, assignments: Sequence[str] = ()) -> Settings:
    """Merge TOML file, environment and `section.key=value` assignments, and validate.

    Raises `SettingsError` with one sentence per problem.
    """
    _refuse_unknown_variables(os.environ)
    tree = assigned(assignments)
    try:
        return _with_file(file)(**tree)
    except ValidationError as error:
        raise SettingsError(sentences(Settings, error)) from None
    except UnparsableVariable as error:
        raise SettingsError(
            f'{error}; in the environment, lists and tables are JSON, such as ["a", "b"]'
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{file}: cannot be read: {error.strerror}") from None


def assigned(assignments: Iterable[str]) -> Tree:
    """What `section.key=value` assignments say, later ones winning. Raises `SettingsError`."""
    return _merged(_parsed_assignment(text) for text in assignments)


def patched(section: AnyModel, patch: Mapping[str, Any]) -> AnyModel:
    """A copy of `section` with some keys replaced, validated. Raises `SettingsError`."""
    try:
        return type(section).model_validate({**section.model_dump(), **patch})
    except ValidationError as error:
        raise SettingsError(sentences(type(section), error)) from None


def _with_file(file: Path | None) -> type[Settings]:
    """`Settings` that also reads a TOML file, below the environment."""
    if file is not None and not file.is_file():
        raise SettingsError(f"{file}: no such settings file")

    class FromFile(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            if file is None:
                return init_settings, env_settings
            return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    return FromFile


def _refuse_unknown_variables(environment: Mapping[str, str]) -> None:
    """pydantic-settings skips variables whose section it does not know; a typo must not pass."""
    for name in environment:
        if not name.upper().startswith(ENVIRONMENT_PREFIX):
            continue
        section = name[len(ENVIRONMENT_PREFIX) :].split("__")[0].lower()
        if section not in Settings.model_fields:
            hint = nearest(section, Settings.model_fields)
            raise SettingsError(f"{name}: no settings section {section!r}{hint}")


def _parsed_assignment(text: str) -> Tree:
    """`turn.silence_ms=400` as nested tables; the value is TOML, or else a plain string."""
    key, equals, value = text.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise SettingsError(f"{key!r}: write section.key=value")
    tree: Any = _parsed_value(value)
    for part in reversed(parts):
        tree = {part: tree}
    return dict(tree)


def _parsed_value(text: str) -> object:
    try:
        tree = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return text
    return tree["value"] if len(tree) == 1 else text


def _merged(trees: Iterable[Tree]) -> Tree:
    """Later trees win, key by key."""
    merged: Tree = {}
    for tree in trees:
        _merge(merged, tree)
    return merged


def _merge(into: Tree, tree: Tree) -> None:
    for key, value in tree.items():
        here = into.get(key)
        if isinstance(value, dict) and isinstance(here, dict):
            _merge(here, value)
        else:
            into[key] = value
