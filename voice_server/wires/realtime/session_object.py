"""The session object: everything a client can configure, with OpenAI's names and defaults.

A `Session` is a value; `session_merge` makes new ones of it. What a client never mentioned and
OpenAI does not show is left out (`UNSET`), because strict clients refuse keys they do not expect.
Pure.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from voice_server.wires.realtime.errors import Json
from voice_server.wires.realtime.formats import Format, Pcm

SessionType = Literal["realtime", "transcription"]
Modality = Literal["audio", "text"]
MaxTokens = Annotated[int, Meta(ge=1, le=4096)] | Literal["inf"]
Effort = Literal["minimal", "low", "medium", "high", "xhigh"]
Name = Annotated[str, Meta(max_length=512)]

DEFAULT_MODEL = "gpt-realtime"
"""Echoed where the client names none."""

DEFAULT_VOICE = "marin"
"""OpenAI's name for "any voice", if the client names none."""


class ServerVad(Struct, frozen=True, tag="server_vad", tag_field="type"):
    """Silence of a fixed length ends a turn, and voice interrupts at once."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(Struct, frozen=True, tag="semantic_vad", tag_field="type"):
    """The words say when a turn ends, and whether they interrupt."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad


class Transcription(Struct, frozen=True):
    """How the user's words are written down; strict clients know the first three keys only."""

    model: Name | UnsetType = UNSET
    language: Name | UnsetType = UNSET
    prompt: str | UnsetType = UNSET
    languages: list[Name] | UnsetType = UNSET
    keywords: list[Name] | UnsetType = UNSET
    delay: Effort | UnsetType = UNSET


class NoiseReduction(Struct, frozen=True):
    """Taken and shown; the recogniser needs none."""

    type: Literal["near_field", "far_field"] | UnsetType = UNSET
    strength: float | UnsetType = UNSET


class AudioInput(Struct, frozen=True):
    """The microphone."""

    format: Format = Pcm()
    noise_reduction: NoiseReduction | None = None
    transcription: Transcription | None = None
    turn_detection: TurnDetection | None = ServerVad()


class AudioOutput(Struct, frozen=True):
    """The voice."""

    format: Format = Pcm()
    voice: Name | dict[str, Any] = DEFAULT_VOICE
    speed: float = 1.0


class Audio(Struct, frozen=True):
    """Both directions."""

    input: AudioInput = AudioInput()
    output: AudioOutput = AudioOutput()


FUNCTION = "function"
"""The one type of tool there is here."""


class ToolSpec(Struct, frozen=True):
    """A function that the client runs."""

    type: str = FUNCTION
    name: Annotated[str, Meta(max_length=128)] | UnsetType = UNSET
    description: str | UnsetType = UNSET
    parameters: dict[str, Any] | UnsetType = UNSET


class ToolChoiceObject(Struct, frozen=True):
    """One tool, by name."""

    type: str
    name: str | UnsetType = UNSET
    server_label: str | UnsetType = UNSET


ToolChoice = Literal["auto", "none", "required"] | ToolChoiceObject


class Session(Struct, frozen=True):
    """One connection's configuration."""

    type: SessionType = "realtime"
    model: str = DEFAULT_MODEL
    output_modalities: list[Modality] = msgspec.field(default_factory=lambda: ["audio"])
    instructions: str = ""
    tools: list[ToolSpec] = []
    tool_choice: ToolChoice = "auto"
    max_output_tokens: MaxTokens = "inf"
    tracing: str | dict[str, Any] | None = None
    prompt: dict[str, Any] | None = None
    truncation: str | dict[str, Any] = "auto"
    include: list[str] | None = None
    audio: Audio = Audio()
    temperature: float | UnsetType = UNSET
    parallel_tool_calls: bool | UnsetType = UNSET
    reasoning: dict[str, Any] | UnsetType = UNSET
    x_events: list[str] | UnsetType = UNSET
    """Events of ours that the client wants besides: see `extensions`."""

    @property
    def speaks(self) -> bool:
        """Whether answers are spoken."""
        return "audio" in self.output_modalities

    def to_json(self, id: str = "", expires_at: int = 0) -> Json:
        """The whole effective object, as clients see it; it expires at Unix seconds."""
        shown: Json = msgspec.to_builtins(self)
        head = {"object": f"realtime.{_OBJECTS[self.type]}", "id": id, "expires_at": expires_at}
        if self.type == "realtime":
            return {**head, **shown}
        keys: tuple[str, ...] = ("type", "include", "x_events")
        rest = {key: shown[key] for key in keys if key in shown}
        return {**head, **rest, "audio": {"input": shown["audio"]["input"]}}


_OBJECTS = {"realtime": "session", "transcription": "transcription_session"}
