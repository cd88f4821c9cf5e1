"""Looks around on this machine: which models, packages, processors and servers are here.

Nothing here touches the network beyond this machine.
"""

import asyncio
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from models.asr.cuda import usable_gpus
from models.catalog import AsrModel, VoiceModel, asr_model, asr_models, voice_model, voice_models
from models.hub import Hub
from models.llm.chat_endpoints import LOCAL_PORTS, find_local
from voice_server.engines.plans import Findings, is_address, is_path
from voice_server.settings import AsrSettings, Settings, TtsSettings

OPTIONAL_PACKAGES = ("piper", "pocketsphinx")

_ASR_ENGINES = ("scripted", "pocketsphinx")
_TTS_ENGINES = ("scripted", "espeak")


async def look_around(settings: Settings, hub: Hub) -> Findings:
    """What `plan_asr`, `plan_tts` and `plan_llm` decide on.

    Raises `ModelError` for a model name that cannot be one.
    """
    asr, voices = _asr_candidates(settings.asr), _voice_candidates(settings.tts)
    asr_here, voices_here, gpu, llm = await asyncio.gather(
        asyncio.to_thread(_present, asr, hub),
        asyncio.to_thread(_present_voices, voices, hub),
        asyncio.to_thread(has_gpu, settings.asr),
        _local_llm(settings),
    )
    packages = frozenset(name for name in OPTIONAL_PACKAGES if find_spec(name))
    return Findings(asr=asr_here, voices=voices_here, packages=packages, gpu=gpu, llm=llm)


def has_gpu(settings: AsrSettings) -> bool:
    """Whether the recogniser may and can use CUDA."""
    return settings.device != "cpu" and usable_gpus() > 0


def _asr_candidates(settings: AsrSettings) -> Mapping[str, AsrModel]:
    """What to look for: everything for `auto`, else what was asked for."""
    engine = settings.engine
    if engine == "auto":
        return asr_models()
    if engine in _ASR_ENGINES or is_address(engine) or is_path(engine):
        return {}
    return {engine: asr_model(engine)}


def _voice_candidates(settings: TtsSettings) -> Mapping[str, VoiceModel]:
    engine = settings.engine
    if engine == "auto":
        return voice_models()
    if engine in _TTS_ENGINES or is_address(engine) or engine.endswith(".onnx"):
        return {}
    return {engine: voice_model(engine)}


def _present(candidates: Mapping[str, AsrModel], hub: Hub) -> dict[str, Path]:
    found = ((name, hub.find_asr(model)) for name, model in candidates.items())
    return {name: path for name, path in found if path is not None}


def _present_voices(candidates: Mapping[str, VoiceModel], hub: Hub) -> dict[str, Path]:
    found = ((voice_id, hub.find_voice(voice)) for voice_id, voice in candidates.items())
    return {voice_id: path for voice_id, path in found if path is not None}


async def _local_llm(settings: Settings) -> tuple[str, str] | None:
    if settings.llm.engine != "auto":
        return None
    local = await find_local(skip_ports={settings.server.port})
    if local is None:
        return None
    url, _models = local
    names = {f":{port}/": name for name, port in LOCAL_PORTS.items()}
    return next((name for part, name in names.items() if part in url), "a server"), url
