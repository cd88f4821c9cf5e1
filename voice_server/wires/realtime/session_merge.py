"""How `session.update` changes a session: what is mentioned changes, the rest stays. Pure.

Objects are merged field by field; null clears turn detection, transcription, noise reduction,
tracing and prompt, and is no change elsewhere. Turn detection of another type begins with that
type's defaults. The model cannot change, and asking for it is no error, because clients repeat it.
"""

from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict, replace

from voice_server.wires.realtime import session_object as so
from voice_server.wires.realtime.client_messages import refusal
from voice_server.wires.realtime.errors import Json, RefusalError, invalid, missing
from voice_server.wires.realtime.formats import Format

SESSION_BYTES_MAX = 196_608
"""It goes back to the client in one message, which some take up to 256 KiB only."""

Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
AnyStruct = TypeVar("AnyStruct", bound=Struct)


class TurnDetectionPatch(Struct):
    """The fields of both kinds."""

    type: Literal["server_vad", "semantic_vad"] | UnsetType = UNSET
    threshold: Annotated[float, Meta(ge=0, le=1)] | UnsetType | None = UNSET
    prefix_padding_ms: Milliseconds | UnsetType | None = UNSET
    silence_duration_ms: Milliseconds | UnsetType | None = UNSET
    idle_timeout_ms: Milliseconds | UnsetType | None = UNSET
    eagerness: Literal["low", "medium", "high", "auto"] | UnsetType | None = UNSET
    create_response: bool | UnsetType | None = UNSET
    interrupt_response: bool | UnsetType | None = UNSET


class TranscriptionPatch(Struct):
    """Null is as good as nothing."""

    model: so.Name | UnsetType | None = UNSET
    language: so.Name | UnsetType | None = UNSET
    prompt: str | UnsetType | None = UNSET
    languages: list[so.Name] | UnsetType | None = UNSET
    keywords: list[so.Name] | UnsetType | None = UNSET
    delay: so.Effort | UnsetType | None = UNSET


class NoiseReductionPatch(Struct):
    """Null is as good as nothing."""

    type: Literal["near_field", "far_field"] | UnsetType | None = UNSET
    strength: float | UnsetType | None = UNSET


class AudioInputPatch(Struct):
    """The microphone."""

    format: Format | UnsetType | None = UNSET
    noise_reduction: NoiseReductionPatch | UnsetType | None = UNSET
    transcription: TranscriptionPatch | UnsetType | None = UNSET
    turn_detection: TurnDetectionPatch | UnsetType | None = UNSET


class AudioOutputPatch(Struct):
    """The voice."""

    format: Format | UnsetType | None = UNSET
    voice: so.Name | dict[str, Any] | UnsetType | None = UNSET
    speed: Annotated[float, Meta(ge=0.25, le=1.5)] | UnsetType | None = UNSET


class AudioPatch(Struct):
    """Both directions."""

    input: AudioInputPatch | UnsetType | None = UNSET
    output: AudioOutputPatch | UnsetType | None = UNSET


class SessionPatch(Struct):
    """What a client may mention."""

    type: so.SessionType | UnsetType = UNSET
    output_modalities: list[so.Modality] | UnsetType | None = UNSET
    instructions: str | UnsetType | None = UNSET
    tools: list[so.ToolSpec] | UnsetType | None = UNSET
    tool_choice: so.ToolChoice | UnsetType | None = UNSET
    max_output_tokens: so.MaxTokens | UnsetType | None = UNSET
    tracing: str | dict[str, Any] | UnsetType | None = UNSET
    prompt: dict[str, Any] | UnsetType | None = UNSET
    truncation: str | dict[str, Any] | UnsetType | None = UNSET
    include: list[str] | UnsetType | None = UNSET
    audio: AudioPatch | UnsetType | None = UNSET
    temperature: Annotated[float, Meta(ge=0, le=2)] | UnsetType | None = UNSET
    parallel_tool_calls: bool | UnsetType | None = UNSET
    reasoning: dict[str, Any] | UnsetType | None = UNSET
    x_events: Annotated[list[so.Name], Meta(max_length=32)] | UnsetType | None = UNSET


_CLEARED_BY_NULL = {"tracing", "prompt", "include"}


def merge(session: so.Session, update: Json) -> so.Session:
    """The session after an update. Raises `RefusalError`, and then nothing has changed."""
    try:
        patch = msgspec.convert(update, SessionPatch)
    except msgspec.ValidationError as error:
        raise refusal(error, None, None, prefix="session.") from None
    changes = _mentioned(patch, nulls=_CLEARED_BY_NULL)
    if patch.audio:
        changes["audio"] = _audio(session.audio, patch.audio)
    if patch.tools:
        changes["tools"] = [tool for tool in patch.tools if tool.type == so.FUNCTION]
    if patch.output_modalities:
        changes["output_modalities"] = _modalities(patch.output_modalities)
    merged = replace(session, **changes)
    if len(msgspec.json.encode(merged.to_json())) > SESSION_BYTES_MAX:
        message = f"The session has more than {SESSION_BYTES_MAX} bytes of JSON. Shorten it."
        raise RefusalError("invalid_value", message, param="session")
    return merged


def _mentioned(patch: Struct, nulls: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """The fields that say something; null does where it clears."""
    return {
        key: value
        for key, value in asdict(patch).items()
        if value is not UNSET and (value is not None or key in nulls)
    }


def _modalities(asked: list[so.Modality]) -> list[so.Modality]:
    """Audio brings its transcript, so both together are audio."""
    return ["audio"] if "audio" in asked else ["text"]


def _audio(audio: so.Audio, patch: AudioPatch) -> so.Audio:
    if patch.input:
        audio = replace(audio, input=_input(audio.input, patch.input))
    if patch.output:
        audio = replace(audio, output=replace(audio.output, **_mentioned(patch.output)))
    return audio


def _input(input: so.AudioInput, patch: AudioInputPatch) -> so.AudioInput:
    changes: dict[str, Any] = {}
    if patch.format:
        changes["format"] = patch.format
    if patch.noise_reduction is not UNSET:
        blank = so.NoiseReduction()
        changes["noise_reduction"] = _laid_over(input.noise_reduction, blank, patch.noise_reduction)
    if patch.transcription is not UNSET:
        blank_words = so.Transcription()
        words = _laid_over(input.transcription, blank_words, patch.transcription)
        changes["transcription"] = words
    if patch.turn_detection is not UNSET:
        changes["turn_detection"] = _turn_detection(input.turn_detection, patch.turn_detection)
    return replace(input, **changes)


def _laid_over(old: AnyStruct | None, blank: AnyStruct, patch: Struct | None) -> AnyStruct | None:
    return None if patch is None else replace(old or blank, **_mentioned(patch))


def _turn_detection(
    old: so.TurnDetection | None, patch: TurnDetectionPatch | None
) -> so.TurnDetection | None:
    if patch is None:
        return None
    wanted = _mentioned(patch, nulls={"idle_timeout_ms"})
    kinds: dict[str, so.TurnDetection] = {
        "server_vad": so.ServerVad(),
        "semantic_vad": so.SemanticVad(),
    }
    type = wanted.pop("type", None)
    if type is None and old is None:
        raise missing("session.audio.input.turn_detection.type")
    if type is None or (old is not None and isinstance(old, kinds[type].__class__)):
        assert old is not None
        new = old
    else:
        new = kinds[type]
    # Fields of the other kind mean nothing here, and are no error: clients send both.
    return replace(new, **{key: value for key, value in wanted.items() if hasattr(new, key)})


def started(session: so.Session, query: dict[str, str]) -> so.Session:
    """What the URL says: `model`, `voice` and `temperature`; anything else is not for us.

    A value that cannot be used is passed over: nobody could be told before there is a session.
    """
    if model := query.get("model"):
        session = replace(session, model=model[:512])
    output = {"audio": {"output": {"voice": query["voice"]}}} if "voice" in query else {}
    for update in (output, {"temperature": _number(query.get("temperature"))}):
        try:
            session = merge(session, update)
        except RefusalError:
            continue
    return session


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def check_type(session: so.Session, update: Json) -> None:
    """A session that only writes down has no voice, and cannot become one that has."""
    if session.type == "transcription" and update.get("type") == "realtime":
        message = "This is a transcription session. Connect without intent=transcription to talk."
        raise invalid("session.type", message)
