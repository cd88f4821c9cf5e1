"""The protocol's beta dialect, translated at the edge: other names, and a flat session. Pure.

Clients ask for it with the header `OpenAI-Beta: realtime=v1` or its subprotocol.
"""

from typing import Any

from voice_server.wires.realtime.errors import Json

HEADER = ("OpenAI-Beta", "realtime=v1")
SUBPROTOCOL = "openai-beta.realtime-v1"

SESSION_DEFAULTS: Json = {"audio": {"input": {"turn_detection": {"silence_duration_ms": 200}}}}

_FORMATS: dict[str, Json] = {
    "pcm16": {"type": "audio/pcm", "rate": 24_000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}
_FORMAT_NAMES = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}

_INPUT_KEYS = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
_OUTPUT_KEYS = {"output_audio_format": "format", "voice": "voice", "speed": "speed"}
_OTHER_KEYS = {"modalities": "output_modalities", "max_response_output_tokens": "max_output_tokens"}

_INCOMING_TYPES = {"transcription_session.update": "session.update"}
_OUTGOING_TYPES = {
    "response.output_text.": "response.text.",
    "response.output_audio_transcript.": "response.audio_transcript.",
    "response.output_audio.": "response.audio.",
    "conversation.item.added": "conversation.item.created",
}


def incoming(message: Json) -> Json:
    """A message of the dialect as one of the protocol."""
    type = message.get("type")
    found = dict(message)
    if isinstance(type, str):
        found["type"] = _INCOMING_TYPES.get(type, type)
    for key in ("session", "response"):
        if isinstance(found.get(key), dict):
            found[key] = session_in(found[key])
    return found


def session_in(flat: Json) -> Json:
    """The flat session, or what is flat in a response, as nested objects."""
    session: Json = {}
    sides: dict[str, Json] = {"input": {}, "output": {}}
    for key, value in flat.items():
        if key in _INPUT_KEYS:
            sides["input"][_INPUT_KEYS[key]] = _format_in(key, value)
        elif key in _OUTPUT_KEYS:
            sides["output"][_OUTPUT_KEYS[key]] = _format_in(key, value)
        else:
            session[_OTHER_KEYS.get(key, key)] = value
    if audio := {side: keys for side, keys in sides.items() if keys}:
        session["audio"] = audio
    return session


def _format_in(key: str, value: Any) -> Any:
    named = key.endswith("_format") and isinstance(value, str)
    return _FORMATS.get(value, {"type": value}) if named else value


def outgoing(message: Json) -> Json | None:
    """A message of the protocol as one of the dialect; None where it has none."""
    type = message["type"]
    if type == "conversation.item.done":
        return None
    shown = dict(message)
    if "session" in shown:
        if shown["session"]["type"] == "transcription":
            shown["type"] = f"transcription_{type}"
        shown["session"] = session_out(shown["session"])
    for ours, theirs in _OUTGOING_TYPES.items():
        if type.startswith(ours):
            shown["type"] = theirs + type.removeprefix(ours)
    if "item" in shown:
        shown["item"] = _item_out(shown["item"])
    if "response" in shown:
        shown["response"] = _response_out(shown["response"])
    return shown


def session_out(session: Json) -> Json:
    """The session object, flat."""
    kept = ("id", "object", "expires_at", "model", "instructions", "tools", "tool_choice")
    flat: Json = {key: session[key] for key in (*kept, "temperature") if key in session}
    sound = session["audio"]["input"]
    flat |= {name: sound[key] for name, key in _INPUT_KEYS.items()}
    flat["input_audio_format"] = _FORMAT_NAMES[sound["format"]["type"]]
    if session["type"] == "transcription":
        return flat
    flat |= _voice_out(session["audio"]["output"])
    flat["speed"] = session["audio"]["output"]["speed"]
    flat["modalities"] = _modalities_out(session["output_modalities"])
    flat["max_response_output_tokens"] = session["max_output_tokens"]
    return flat


def _response_out(response: Json) -> Json:
    shown = dict(response)
    shown |= _voice_out(shown.pop("audio")["output"])
    shown["modalities"] = _modalities_out(shown.pop("output_modalities"))
    shown["output"] = [_item_out(item) for item in response["output"]]
    return shown


def _voice_out(output: Json) -> Json:
    format = _FORMAT_NAMES[output["format"]["type"]]
    return {"voice": output["voice"], "output_audio_format": format}


def _modalities_out(modalities: list[str]) -> list[str]:
    """Here audio and its transcript are two."""
    return ["text", "audio"] if "audio" in modalities else ["text"]


def _item_out(item: Json) -> Json:
    content = item.get("content")
    if content is None:
        return item
    parts = [{**part, "type": part["type"].removeprefix("output_")} for part in content]
    return {**item, "content": parts}
