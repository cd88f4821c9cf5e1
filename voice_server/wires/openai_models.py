"""The names under which clients ask for models, and the list of them. Pure.

There is one model per job, so a name is only checked. The engine's own name is known, with and
without what it runs on (`faster-whisper:small`, `small`), and so are OpenAI's names, because many
clients have them built in.
"""

import re
from collections.abc import Mapping
from typing import Literal

from models.llm.chat_endpoints import OWN_NAME
from voice_server.wires.openai_errors import ApiError

Job = Literal["asr", "llm", "tts"]

ALIASES: dict[Job, str] = {"asr": "whisper-1", "llm": "gpt-4o-mini", "tts": "tts-1"}
"""The names of OpenAI's that are listed; those below are understood as well."""

_OPENAI_NAMES: dict[Job, re.Pattern[str]] = {
    "asr": re.compile(r"whisper-\d.*|gpt-.*transcribe.*"),
    "tts": re.compile(r"tts-\d.*|gpt-.*tts.*"),
    "llm": re.compile(r"(gpt-|o\d|chatgpt-)(?!.*(transcribe|tts|realtime|audio|image)).*"),
}

_CREATED = 0
"""Seconds since 1970: the field is required, and nobody knows."""


def check_model(asked: str, job: Job, own_name: str) -> None:
    """Raise `ApiError` unless this name means the model that does the job here.

    No name at all means it too.
    """
    if asked in ("", *_own_names(own_name)) or _OPENAI_NAMES[job].fullmatch(asked):
        return
    raise _unknown(asked, f"{own_name!r} or {ALIASES[job]!r}")


def model_list(engines: Mapping[Job, str]) -> dict[str, object]:
    """What `GET /v1/models` answers."""
    return {"object": "list", "data": [_model(name) for name in _names(engines)]}


def model(asked: str, engines: Mapping[Job, str]) -> dict[str, object]:
    """What `GET /v1/models/{id}` answers. Raises `ApiError`."""
    if asked not in _names(engines):
        raise _unknown(asked, ", ".join(repr(name) for name in _names(engines)))
    return _model(asked)


def _names(engines: Mapping[Job, str]) -> list[str]:
    return [*dict.fromkeys([*engines.values(), *(ALIASES[job] for job in engines)])]


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": OWN_NAME}


def _own_names(name: str) -> tuple[str, str]:
    return name, name.partition(":")[2] or name


def _unknown(asked: str, known: str) -> ApiError:
    message = f"There is no model {asked[:64]!r} here; ask for {known}."
    return ApiError(404, message, code="model_not_found", param="model")
