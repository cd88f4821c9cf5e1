"""Asks, before anything is loaded or fetched, whether the models fit into what is free.

A process that runs out of memory is killed without a word, after minutes of loading. What was asked
for by name and does not fit is refused, with the figures and the remedy; what `auto` chose is only
warned of, because the figures are estimates.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.asr.hardware import choose_hardware, look
from models.catalog import VoiceModel, is_repo_id, llm_model, voice_model
from models.disk_space import as_size
from models.errors import ModelError
from models.hub import Hub
from voice_server.engines.machine import look_at_machine
from voice_server.engines.memory_fit import FileSizes, Need, needs, shortages
from voice_server.engines.plans import Plan
from voice_server.settings import Settings

logger = logging.getLogger(__name__)

_ASR_WEIGHTS = "model.bin"
_LLM_WEIGHTS = "*.safetensors"


@dataclass(frozen=True, slots=True)
class Fit:
    """How it stands with the memory."""

    taken: str
    """What will be taken and what is free, in words."""
    lacking: str = ""
    """Why it is not enough, and what to do; empty if it is."""
    refused: bool = False
    """Whether what lacks room was asked for by name."""


async def require_memory(settings: Settings, plans: Sequence[Plan], hub: Hub) -> None:
    """Raise `ModelError` where what was asked for does not fit, unless that is allowed."""
    if not settings.models.memory_check:
        return
    fit = await look_for_memory(settings, plans, hub)
    if fit.refused:
        raise ModelError(fit.lacking)
    if fit.lacking:
        logger.warning("%s", fit.lacking)


async def look_for_memory(settings: Settings, plans: Sequence[Plan], hub: Hub) -> Fit:
    """Compare what these plans will take with what is free now. Raises `ModelError`."""
    return await asyncio.to_thread(_looked, settings, plans, hub)


def _looked(settings: Settings, plans: Sequence[Plan], hub: Hub) -> Fit:
    asr = settings.asr
    machine = look_at_machine()
    hardware = choose_hardware(asr.device, asr.compute_type, look(), asr.gpus)
    sizes = _file_sizes(settings, plans, hub)
    taken = needs(settings, plans, hardware, sizes, machine)
    short = shortages(settings, taken, sizes, machine)
    engines = {"asr": asr.engine, "tts": settings.tts.engine, "llm": settings.llm.engine}
    refused = any(engines[role] != "auto" for shortage in short for role in shortage.roles)
    free = "" if machine.free_bytes is None else f" of {as_size(machine.free_bytes)} that are free"
    total_bytes = sum(need.memory_bytes for need in taken)
    summary = f"about {as_size(total_bytes)}{free}{_parts(taken)}"
    return Fit(summary, " ".join(shortage.sentence for shortage in short), refused)


def _parts(taken: Sequence[Need]) -> str:
    return "".join(f"; {need.what}: {as_size(need.memory_bytes)}" for need in taken)


def _file_sizes(settings: Settings, plans: Sequence[Plan], hub: Hub) -> FileSizes:
    asr, llm, tts = plans
    return FileSizes(
        asr=_size(asr, _ASR_WEIGHTS) if asr.engine == "whisper" else 0,
        voice=_size(tts) if tts.engine == "piper" else 0,
        more_voices=sum(_voice_size(voice, hub) for voice in settings.tts.voices),
        llm=_llm_size(llm.llm, hub) if llm.engine == "vllm" else 0,
    )


def _size(plan: Plan, file: str = "") -> int:
    """Of what is here, else what the catalogue says."""
    if plan.path is not None:
        return _on_disk(plan.path / file if file else plan.path)
    return _published(plan.model.size_mb if plan.model else None)


def _voice_size(voice: str, hub: Hub) -> int:
    if voice.endswith(".onnx"):
        return _on_disk(Path(voice).expanduser())
    model: VoiceModel = voice_model(voice)
    path = hub.find_voice(model)
    return _on_disk(path) if path else _published(model.size_mb)


def _llm_size(name: str, hub: Hub) -> int:
    folder = Path(name).expanduser()
    model = llm_model(name)
    found = folder if folder.is_dir() else hub.find(model) if is_repo_id(name) else None
    weights = sum(_on_disk(file) for file in found.glob(_LLM_WEIGHTS)) if found else 0
    return weights or _published(model.size_mb)


def _on_disk(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _published(size_mb: int | None) -> int:
    return (size_mb or 0) * 1_000_000
