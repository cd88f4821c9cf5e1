"""Which engine fills each role, and why: decided purely, from settings and what was found.

`auto` takes the best that is here or can be fetched, and ends at something that is always here.
Whatever is asked for by name is taken or refused, never replaced. Loading is done in `engines`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.catalog import BUNDLED, AsrModel, VoiceModel, asr_model, voice_model
from models.errors import ModelError
from voice_server.settings import AsrSettings, LlmSettings, Settings, TtsSettings

Role = Literal["asr", "llm", "tts"]

ASR_ON_CPU = ("small", "base", "tiny", "distil-small.en", "small.en", "base.en", "tiny.en")
"""Best first, among those that keep up with a conversation on a few cores."""
ASR_ON_GPU = ("large-v3-turbo", "distil-large-v3", "large-v3", "medium", *ASR_ON_CPU)
FETCHED_ON_CPU = "base"
FETCHED_ON_GPU = "large-v3-turbo"
VOICES = ("en_US-ljspeech-medium", "en_US-lessac-medium", "en_GB-cori-medium", "en_US-amy-medium")
"""Best first; the first is the one that is fetched, and in the public domain."""

NOTICES = {
    "bundled": "The bundled recogniser knows espeak-ng's voice only: it is deaf to people. "
    "Use --asr base, or install pocketsphinx.",
    "pocketsphinx": "Recognition is rough and English only; use --asr base where a model hub "
    "can be reached.",
    "offline": "The answers come from a small script, not from a language model: use --llm with "
    "the address of an OpenAI-compatible server, such as vLLM or Ollama.",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """What this machine offers. `auto` is decided on nothing else."""

    asr: Mapping[str, Path] = field(default_factory=dict)
    """Recognisers that are here, by name."""
    voices: Mapping[str, Path] = field(default_factory=dict)
    """Piper voices that are here, by id."""
    packages: frozenset[str] = frozenset()
    """Of `piper` and `pocketsphinx`, those that are installed."""
    gpu: bool = False
    unreachable: str | None = None
    """Why nothing can be fetched, as half a sentence."""
    llm: tuple[str, str] | None = None
    """A language-model server on this machine: what it is, and its base URL."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One engine, not yet loaded."""

    role: Role
    engine: Literal[
        "whisper",
        "pocketsphinx",
        "piper",
        "espeak",
        "endpoint",
        "anthropic",
        "vllm",
        "offline",
        "scripted",
    ]
    reason: str
    """The end of a sentence that begins "…, because"."""
    notice: str = ""
    """What a user should know about it."""
    model: AsrModel | VoiceModel | None = None
    path: Path | None = None
    """None with a model: it has to be fetched."""
    url: str = ""
    llm: str = ""
    """The language model's name, where the engine's setting has it."""

    @property
    def must_fetch(self) -> bool:
        """Whether its model is not on this machine."""
        return self.model is not None and self.path is None


def plan_asr(settings: AsrSettings, found: Findings) -> Plan:
    """The recogniser. Raises `ModelError` when the one that was asked for cannot be."""
    engine = settings.engine
    if engine == "auto":
        return _auto_asr(settings, found)
    if engine == "scripted":
        return _scripted("asr")
    if engine == BUNDLED:
        model = asr_model(BUNDLED)
        path = found.asr.get(BUNDLED)
        return Plan("asr", "whisper", "it was asked for", NOTICES[BUNDLED], model, path)
    if engine == "pocketsphinx":
        _require("pocketsphinx", found)
        return Plan("asr", "pocketsphinx", "it was asked for", NOTICES["pocketsphinx"])
    if is_address(engine):
        return Plan("asr", "endpoint", "it was asked for", url=engine)
    if is_path(engine):
        folder = Path(engine).expanduser()
        model = AsrModel(folder.name, None, ("*",), None, "margin", "")
        return Plan("asr", "whisper", "it was asked for", model=model, path=folder)
    model = asr_model(engine)
    _require_source(engine, model, engine in found.asr, found)
    path = found.asr.get(engine)
    return Plan("asr", "whisper", "it was asked for", model=model, path=path)


def plan_tts(settings: TtsSettings, found: Findings) -> Plan:
    """The voice. Raises `ModelError` when the one that was asked for cannot be."""
    engine = settings.engine
    if engine == "auto":
        return _auto_tts(found)
    if engine == "scripted":
        return _scripted("tts")
    if engine == "espeak":
        return Plan("tts", "espeak", "it was asked for")
    if is_address(engine):
        return Plan("tts", "endpoint", "it was asked for", url=engine)
    _require("piper", found)
    if engine.endswith(".onnx"):
        return Plan("tts", "piper", "it was asked for", path=Path(engine).expanduser())
    model = voice_model(engine)
    _require_source(engine, model, engine in found.voices, found)
    path = found.voices.get(engine)
    return Plan("tts", "piper", "it was asked for", model=model, path=path)


def plan_llm(settings: LlmSettings, found: Findings) -> Plan:
    """The language model. Raises `ModelError` when the setting means nothing."""
    engine = settings.engine
    if engine == "auto" and found.llm is not None:
        server, url = found.llm
        return Plan("llm", "endpoint", f"{server} answers at {url}", url=url)
    if engine == "auto":
        reason = "no language-model server answers on this machine"
        return Plan("llm", "offline", reason, NOTICES["offline"])
    if engine == "scripted":
        return _scripted("llm")
    if engine.startswith("vllm:") and engine != "vllm:":
        return Plan("llm", "vllm", "it was asked for", llm=engine.removeprefix("vllm:"))
    return _named_llm("llm.engine", engine, settings)


def plan_all(settings: Settings, found: Findings) -> list[Plan]:
    """One of each, in the order asr, llm, tts. Raises `ModelError`."""
    return [
        plan_asr(settings.asr, found),
        plan_llm(settings.llm, found),
        plan_tts(settings.tts, found),
    ]


def plan_fallbacks(settings: LlmSettings) -> list[Plan]:
    """The language models behind the first one. Raises `ModelError`."""
    return [
        _named_llm(f"llm.fallbacks[{number}].engine", fallback.engine, settings)
        for number, fallback in enumerate(settings.fallbacks)
    ]


def _named_llm(key: str, engine: str, settings: LlmSettings) -> Plan:
    kind, _, name = engine.partition(":")
    if engine == "offline":
        return Plan("llm", "offline", "it was asked for", NOTICES["offline"])
    if kind in ("http", "https"):
        return Plan("llm", "endpoint", "it was asked for", url=engine)
    if kind == "anthropic" and name:
        url = settings.anthropic_url
        return Plan("llm", "anthropic", "it was asked for", url=url, llm=name)
    words = "auto, offline, scripted, vllm:MODEL" if key == "llm.engine" else "offline"
    raise ModelError(
        f"{key} is {engine!r}: use {words}, anthropic:MODEL or an address such as "
        "http://127.0.0.1:8000/v1."
    )


def is_address(engine: str) -> bool:
    """Whether a name means a server elsewhere."""
    return engine.startswith(("http://", "https://"))


def is_path(engine: str) -> bool:
    """Whether a name of a recogniser means a folder: it says so, or there is one."""
    return engine.startswith(("/", ".", "~")) or Path(engine).is_dir()


def _auto_asr(settings: AsrSettings, found: Findings) -> Plan:
    usable = [name for name in _asr_order(found) if asr_model(name).speaks(settings.language)]
    for name in usable:
        if name in found.asr:
            reason = "it is on this machine"
            return Plan("asr", "whisper", reason, model=asr_model(name), path=found.asr[name])
    if found.unreachable is None:
        name = FETCHED_ON_GPU if found.gpu else FETCHED_ON_CPU
        reason = "no Whisper model is on this machine, and the hub can be reached"
        return Plan("asr", "whisper", reason, model=asr_model(name))
    reason = f"no Whisper model is on this machine and {found.unreachable}"
    if "pocketsphinx" in found.packages:
        return Plan("asr", "pocketsphinx", reason, NOTICES["pocketsphinx"])
    return Plan(
        "asr",
        "whisper",
        f"{reason}, and pocketsphinx is not installed",
        NOTICES[BUNDLED],
        asr_model(BUNDLED),
        found.asr.get(BUNDLED),
    )


def _asr_order(found: Findings) -> tuple[str, ...]:
    return ASR_ON_GPU if found.gpu else ASR_ON_CPU


def _auto_tts(found: Findings) -> Plan:
    if "piper" not in found.packages:
        return Plan("tts", "espeak", "piper-tts is not installed")
    for voice_id in VOICES:
        if voice_id in found.voices:
            reason = "it is on this machine"
            model, path = voice_model(voice_id), found.voices[voice_id]
            return Plan("tts", "piper", reason, model=model, path=path)
    if found.unreachable is None:
        reason = "no Piper voice is on this machine, and the hub can be reached"
        return Plan("tts", "piper", reason, model=voice_model(VOICES[0]))
    return Plan("tts", "espeak", f"no Piper voice is on this machine and {found.unreachable}")


def _scripted(role: Role) -> Plan:
    return Plan(role, "scripted", "it was asked for")


def _require(package: str, found: Findings) -> None:
    if package not in found.packages:
        raise ModelError(
            f"{package} is not installed: run `pip install 'voice-server[{package}]'`."
        )


def _require_source(
    name: str, model: AsrModel | VoiceModel, is_here: bool, found: Findings
) -> None:
    if is_here or found.unreachable is None:
        return
    size = f" ({model.size_mb} MB)" if model.size_mb else ""
    raise ModelError(
        f"{name}{size} is not on this machine and {found.unreachable}. Start once with the hub in "
        "reach, or give the path of a downloaded model."
    )
