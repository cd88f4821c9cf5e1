"""What a session object means for the conversation: our settings for OpenAI's. Pure.

`server_vad` waits for a fixed silence and lets voice interrupt at once. `semantic_vad` is what this
server does by itself: the words say how long to wait, and whether a sound over a reply is somebody
who wants to speak. No turn detection: turns end when the client says so, and it asks for answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec import UNSET

from models.llm import Tool
from models.tts import Voice
from voice_server import events as ev
from voice_server.conversation.session_config import (
    HINTS_CHARS_MAX,
    INSTRUCTIONS_CHARS_MAX,
    ConfigError,
    check_voice,
)
from voice_server.settings import TurnSettings
from voice_server.wires.openai_speech import OPENAI_VOICES
from voice_server.wires.realtime import session_object as so
from voice_server.wires.realtime.client_messages import ResponseParams
from voice_server.wires.realtime.errors import Json, RefusalError, invalid, missing
from voice_server.wires.realtime.formats import audio_format, codec

SPEED_MIN = 0.5
"""Voices cannot speak as slowly as OpenAI's."""

_EAGERNESS = {"low": "low", "medium": "auto", "auto": "auto", "high": "high"}
_PATIENCE_MS = {"low": 8000, "medium": 4000, "auto": 4000, "high": 2000}
"""The longest silence within a turn."""

_ONSET_MS = ((0.3, 40), (0.5, 60), (0.7, 100), (1.0, 150))
"""Voice needed for a turn to begin, by threshold: our detector has no other dial."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the server has, as far as a client can ask for it."""

    voices: Sequence[Voice] = ()
    """The first is the default."""
    voice: str | None = None
    """The server's choice, if it made one."""
    turn: TurnSettings = field(default_factory=TurnSettings)
    """The server's own turn-taking."""
    max_tokens: int = 512
    """Of one answer, where the client sets no limit."""


def configuration(session: so.Session, around: Surroundings) -> ev.SessionConfig:
    """The configuration for a session. Raises `RefusalError`."""
    detection = session.audio.input.turn_detection
    transcription = session.audio.input.transcription
    language = transcription.language if transcription else UNSET
    answers = session.type == "realtime" and detection is not None and detection.create_response
    if len(session.instructions) > INSTRUCTIONS_CHARS_MAX:
        message = f"Instructions have at most {INSTRUCTIONS_CHARS_MAX} characters."
        raise invalid("session.instructions", message)
    return ev.SessionConfig(
        language=language or None,
        instructions=session.instructions,
        voice=voice(session.audio.output.voice, around, "session.audio.output.voice"),
        speed=max(SPEED_MIN, session.audio.output.speed),
        turn=turn(detection, around.turn),
        hints=_hints(transcription),
        answers=answers,
        speaks=session.speaks,
        tools=tools(session.tools, "session.tools"),
        tool_choice=tool_choice(session.tool_choice, "session.tool_choice"),
        max_tokens=max_tokens(session.max_output_tokens, around),
        temperature=None if session.temperature is UNSET else session.temperature,
    )


def request(params: ResponseParams, around: Surroundings) -> ev.ReplyRequested:
    """What is asked of one answer, but for its place and its input. Raises `RefusalError`."""
    asked = ev.ReplyRequested(
        instructions=params.instructions, temperature=params.temperature, follows=True
    )
    if params.output_modalities:
        asked = replace(asked, speaks="audio" in params.output_modalities)
    if params.audio and params.audio.output and (name := params.audio.output.voice):
        asked = replace(asked, voice=voice(name, around, "response.audio.output.voice"))
    if params.tools is not None:
        asked = replace(asked, tools=tools(params.tools, "response.tools"))
    if params.tool_choice is not None:
        choice = tool_choice(params.tool_choice, "response.tool_choice")
        asked = replace(asked, tool_choice=choice)
    if params.max_output_tokens is not None:
        asked = replace(asked, max_tokens=max_tokens(params.max_output_tokens, around))
    return asked


def formats(session: so.Session) -> ev.FormatsChanged:
    """The audio formats of a session."""
    out_codec, out_rate = codec(session.audio.output.format)
    return ev.FormatsChanged(audio_format(session.audio.input.format), out_codec, out_rate)


def voice(asked: str | Mapping[str, object], around: Surroundings, param: str) -> str | None:
    """The engine's voice for a name; OpenAI's names mean the default. Raises `RefusalError`."""
    name = asked if isinstance(asked, str) else str(asked.get("id", ""))
    if not name or name in OPENAI_VOICES:
        return around.voice or (around.voices[0].id if around.voices else None)
    try:
        check_voice(name, around.voices)
    except ConfigError as error:
        raise invalid(param, f"{error}.") from None
    return name


def max_tokens(asked: int | str, around: Surroundings) -> int:
    """Tokens of one answer; "inf" is what the server allows."""
    return asked if isinstance(asked, int) else around.max_tokens


def tools(specs: Sequence[so.ToolSpec], param: str) -> tuple[Tool, ...]:
    """The functions among the tools. Raises `RefusalError`."""
    found: dict[str, Tool] = {}
    for index, spec in enumerate(specs):
        if spec.type != so.FUNCTION:
            continue
        if not spec.name:
            raise missing(f"{param}[{index}].name")
        parameters = spec.parameters or {"type": "object", "properties": {}}
        found[spec.name] = Tool(spec.name, spec.description or "", parameters)
    return tuple(found.values())


def unsupported_tools(update: Json) -> RefusalError | None:
    """What to say about tools that are no functions; those that are, are taken all the same."""
    asked = {str(tool.get("type", so.FUNCTION))[:40] for tool in update.get("tools") or ()}
    kinds = sorted(asked - {so.FUNCTION})
    if not kinds:
        return None
    message = f"Tools of type {', '.join(kinds)} are not supported; functions are."
    return RefusalError("unsupported_tool", message, param="session.tools")


def tool_choice(asked: so.ToolChoice, param: str) -> str:
    """As the conversation knows it: a word, or the name of a function. Raises `RefusalError`."""
    if isinstance(asked, str):
        return asked
    if asked.type != "function":
        raise invalid(f"{param}.type", f"A tool_choice of type {asked.type[:40]!r} is unknown.")
    if not asked.name:
        raise missing(f"{param}.name")
    return asked.name


def turn(detection: so.TurnDetection | None, server: TurnSettings) -> dict[str, object]:
    """A whole patch to the turn settings: every key that any kind of turn detection sets."""
    match detection:
        case None:
            return {**_kept(server), "mode": "manual", "interrupt": "off", "user_idle_ms": 0}
        case so.ServerVad():
            return {**_kept(server), **_server_vad(detection)}
        case so.SemanticVad():
            return {**_kept(server), **_semantic_vad(detection, server)}


def _kept(server: TurnSettings) -> dict[str, object]:
    """The server's own value for each key below: a patch lies over the one before it."""
    keys = (
        *("mode", "endpoint", "eagerness", "interrupt", "user_idle_ms", "pre_roll_ms"),
        *("silence_ms", "silence_ms_max", "onset_ms", "interrupt_onset_ms"),
    )
    return {key: getattr(server, key) for key in keys}


def _server_vad(vad: so.ServerVad) -> dict[str, object]:
    onset_ms = next(ms for threshold, ms in _ONSET_MS if vad.threshold <= threshold)
    return {
        "mode": "vad",
        "endpoint": "fixed",
        "silence_ms": min(max(vad.silence_duration_ms, 100), 5000),
        "pre_roll_ms": min(vad.prefix_padding_ms, 2000),
        "onset_ms": onset_ms,
        # What interrupts at once should be more than what may be taken back.
        "interrupt_onset_ms": 2 * onset_ms,
        "interrupt": "instant" if vad.interrupt_response else "off",
        "user_idle_ms": vad.idle_timeout_ms or 0,
    }


def _semantic_vad(vad: so.SemanticVad, server: TurnSettings) -> dict[str, object]:
    longest_ms = min(server.silence_ms_max, _PATIENCE_MS[vad.eagerness])
    return {
        "mode": "vad",
        "endpoint": "adaptive",
        "eagerness": _EAGERNESS[vad.eagerness],
        "silence_ms_max": max(server.silence_ms, longest_ms),
        "interrupt": "confirm" if vad.interrupt_response else "off",
        "user_idle_ms": 0,
    }


def _hints(transcription: so.Transcription | None) -> str:
    if transcription is None:
        return ""
    words = ", ".join(transcription.keywords or [])
    return " ".join(filter(None, (transcription.prompt or "", words)))[:HINTS_CHARS_MAX]
