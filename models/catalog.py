"""The models that are known by name: what they are, where they are published, under which licence.

Pure look-up in `catalog.toml`; whether a model is on this machine is the business of `hub`.
"""

import difflib
import functools
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from models.errors import ModelError

VLLM = "vllm:"
"""Before the name of a language model that vLLM is to serve."""
BUNDLED = "bundled"
"""The name of the recogniser that lives in `models/assets`."""

VOICE_REPO = "rhasspy/piper-voices"

Window = Literal["short", "margin"]

_REPO_ID = re.compile(r"[\w.-]+/[\w.-]+")
_VOICE_ID = re.compile(
    r"(?P<family>[a-z]{2,3})_(?P<region>[A-Z]{2})-(?P<name>\w+)-(?P<quality>\w+)"
)


@dataclass(frozen=True, slots=True)
class AsrModel:
    """A Whisper model in the format of CTranslate2."""

    name: str
    repo: str | None
    """Where Hugging Face publishes it; None for the bundled one."""
    languages: tuple[str, ...]
    """BCP 47 primary tags; `*` alone: about a hundred of them."""
    size_mb: int | None
    """Megabytes to download; None where the catalogue does not know."""
    window: Window
    """How much silence it needs after the speech: see `catalog.toml`."""
    licence: str
    about: str = ""
    trained_to_translate: bool = True
    """From its languages into English."""

    @property
    def translates(self) -> bool:
        """Whether there is anything to translate from, and it was trained to."""
        return self.trained_to_translate and self.languages == ("*",)

    def speaks(self, language: str | None) -> bool:
        """Whether it can transcribe this language; None asks for none in particular."""
        return language is None or self.languages == ("*",) or language in self.languages


@dataclass(frozen=True, slots=True)
class LlmModel:
    """A language model that vLLM can serve."""

    name: str
    """Where Hugging Face publishes it, `owner/name`: what follows `vllm:` in `llm.engine`."""
    size_mb: int
    """Of its weights, on the disk and on the GPU; 0 where the catalogue does not know."""
    licence: str
    about: str = ""

    @property
    def repo(self) -> str:
        """Its name again."""
        return self.name


@dataclass(frozen=True, slots=True)
class VoiceModel:
    """A Piper voice."""

    id: str
    """`en_US-ljspeech-medium`: language, region, speaker, quality."""
    language: str
    """BCP 47, e.g. `en-US`."""
    quality: str
    rate: int | None
    """Hertz; None where the catalogue does not know."""
    size_mb: int | None
    licence: str
    path: str
    """Of the `.onnx` file within the repository; `.json` is added for its configuration."""


Model = AsrModel | LlmModel | VoiceModel


def name_of(model: Model) -> str:
    """What it is asked for by."""
    return model.id if isinstance(model, VoiceModel) else model.name


def any_model(name: str) -> Model:
    """The recogniser, voice or language model of that name.

    `owner/name` that the catalogue does not know is taken for a recogniser, `vllm:owner/name` for a
    language model. Raises `ModelError` with the nearest names.
    """
    known = all_models()
    if name in known:
        return known[name]
    if name.startswith(VLLM) and is_repo_id(name.removeprefix(VLLM)):
        return llm_model(name.removeprefix(VLLM))
    if is_repo_id(name):
        return asr_model(name)
    if _VOICE_ID.fullmatch(name):
        return voice_model(name)
    raise ModelError(f"No model is called {name!r}. {_nearest(name, known)}")


def is_repo_id(name: str) -> bool:
    """Whether a name is one of a repository: `owner/name`."""
    return _REPO_ID.fullmatch(name) is not None


def near_names(name: str) -> list[str]:
    """Names of the catalogue that look like this one, the nearest first; three at most."""
    return _close(name, all_models(), cutoff=0.6)


def asr_model(name: str) -> AsrModel:
    """The recogniser of that name or Hugging Face repository (`owner/name`).

    Raises `ModelError` with the nearest names.
    """
    if name in asr_models():
        return asr_models()[name]
    if name in llm_models():
        raise ModelError(f"{name} is a language model: it belongs to --llm, as {VLLM}{name}.")
    if name in voice_models():
        raise ModelError(f"{name} is a voice: it belongs to --tts.")
    if is_repo_id(name):
        return AsrModel(name, name, ("*",), None, "margin", "see its model card")
    raise ModelError(f"No recogniser is called {name!r}. {_nearest(name, asr_models())}")


def voice_model(voice_id: str) -> VoiceModel:
    """The Piper voice of that id, in the catalogue or not. Raises `ModelError` if malformed."""
    if voice_id in voice_models():
        return voice_models()[voice_id]
    if _VOICE_ID.fullmatch(voice_id):
        return _voice(voice_id, {})
    if voice_id in asr_models():
        raise ModelError(f"{voice_id} is a recogniser: it belongs to --asr.")
    if "/" in voice_id:
        raise ModelError(f"{voice_id!r} is no voice: give its name, or the path of its .onnx file.")
    raise ModelError(f"No voice is called {voice_id!r}. {_nearest(voice_id, voice_models())}")


def llm_model(name: str) -> LlmModel:
    """The language model in the Hugging Face repository of that name, in the catalogue or not."""
    return llm_models().get(name) or LlmModel(name, 0, "see its model card")


@functools.cache
def asr_models() -> Mapping[str, AsrModel]:
    """All recognisers of the catalogue, by name."""
    return {name: _asr(name, entry) for name, entry in _catalogue()["asr"].items()}


@functools.cache
def voice_models() -> Mapping[str, VoiceModel]:
    """All voices of the catalogue, by id."""
    return {voice_id: _voice(voice_id, entry) for voice_id, entry in _catalogue()["voice"].items()}


@functools.cache
def llm_models() -> Mapping[str, LlmModel]:
    """All language models of the catalogue, by name, the smallest first."""
    return {
        name: LlmModel(name, entry["size_mb"], entry["licence"], entry.get("about", ""))
        for name, entry in _catalogue()["llm"].items()
    }


def all_models() -> Mapping[str, Model]:
    """Everything in the catalogue, by name."""
    return {**asr_models(), **voice_models(), **llm_models()}


def _asr(name: str, entry: Mapping[str, Any]) -> AsrModel:
    return AsrModel(
        name,
        entry.get("repo"),
        tuple(entry["languages"]),
        entry["size_mb"],
        entry["window"],
        entry["licence"],
        entry.get("about", ""),
        entry.get("trained_to_translate", True),
    )


def _voice(voice_id: str, entry: Mapping[str, Any]) -> VoiceModel:
    match = _VOICE_ID.fullmatch(voice_id)
    if match is None:
        raise ModelError(f"{voice_id!r} is not of the form language_REGION-speaker-quality.")
    family, region, speaker, quality = match.groups()
    return VoiceModel(
        id=voice_id,
        language=f"{family}-{region}",
        quality=quality,
        rate=entry.get("rate"),
        size_mb=entry.get("size_mb"),
        licence=entry.get("licence", "see its MODEL_CARD"),
        path=f"{family}/{family}_{region}/{speaker}/{quality}/{voice_id}.onnx",
    )


@functools.cache
def _catalogue() -> Mapping[str, Any]:
    return tomllib.loads((files("models") / "catalog.toml").read_text(encoding="utf-8"))


def _nearest(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = _close(name, names, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return f"There are: {', '.join(names)}."


def _close(name: str, known: Iterable[str], *, cutoff: float) -> list[str]:
    return difflib.get_close_matches(name, list(known), n=3, cutoff=cutoff)
