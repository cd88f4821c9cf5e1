"""Which models fit a machine: a configuration, and the memory that it will take. Pure.

Speech recognition comes first, because it decides whether anybody is understood; the language model
gets what is left. How much a model takes is reckoned in `models.memory_needs`, as it is before
anything is loaded.
"""

import math
from dataclasses import asdict, dataclass

from models.catalog import LlmModel, asr_model, llm_models, voice_model
from models.memory_needs import (
    CUDA_BYTES,
    SERVER_BYTES,
    VLLM_PROCESS_BYTES,
    vllm_gpu_memory,
    voice_memory,
    whisper_gpu_memory,
    whisper_memory,
)
from voice_server.engines.machine import Machine

VOICE = "en_US-ljspeech-medium"

_GB = 1e9
"""Machines are counted in gibibytes: seven percent stay as a margin."""
_LOCAL_LLM = "http://127.0.0.1:11434/v1"
_OLLAMA = ((14.0, 4, "qwen3:4b", 3.5), (6.5, 2, "qwen3:1.7b", 2.0))
"""Least memory in GB and cores, Ollama's name for a model, and the memory that it takes."""
_ASR_ON_GPU = (
    (10.0, "large-v3-turbo", "float16"),
    (5.5, "large-v3-turbo", "int8_float16"),
    (0.0, "small", "int8_float16"),
)
"""Least memory of the GPU in GB, model, and number format."""
_ASR_ON_CPU = ((6, 6.0, "small"), (2, 3.0, "base"), (0, 0.0, "tiny"))
"""Least cores and memory in GB, and model."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Engines that fit, and what they will take."""

    asr: str
    asr_device: str
    asr_compute_type: str
    asr_workers: int
    llm: str
    """`vllm:…`, an address or `offline`."""
    llm_model: str
    """Its name at an address; `auto` otherwise."""
    llm_gpu_memory: float | None
    """vLLM's share of the GPU."""
    tts: str
    tts_workers: int | None
    """None: it shares the recogniser's."""
    memory_gb: float
    """Of the machine."""
    gpu_memory_gb: float
    """Of one GPU; the language model's share is taken whole."""
    notes: tuple[str, ...] = ()

    @property
    def toml(self) -> str:
        """The settings file, with its reasons as comments."""
        gpu = f", about {self.gpu_memory_gb:.1f} GB of the GPU's" if self.gpu_memory_gb else ""
        lines = [
            f"# Takes about {self.memory_gb:.1f} GB of memory{gpu}.",
            *(f"# {note}" for note in self.notes),
            "",
            "[asr]",
            f'engine = "{self.asr}"',
            f'device = "{self.asr_device}"',
            f'compute_type = "{self.asr_compute_type}"',
            f"workers = {self.asr_workers}",
            "",
            "[llm]",
            f'engine = "{self.llm}"',
            f'model = "{self.llm_model}"',
            *(["disable_thinking = true"] if self.llm.startswith("http") else []),
            "",
        ]
        if self.llm_gpu_memory is not None:
            lines += ["[llm.vllm]", f"gpu_memory = {self.llm_gpu_memory}", ""]
        lines += ["[tts]", f'engine = "{self.tts}"']
        if self.tts_workers:
            lines += [f"workers = {self.tts_workers}"]
        return "".join(f"{line}\n" for line in lines)

    def as_dict(self) -> dict[str, object]:
        """Everything for a machine to read, the settings file included."""
        return {**asdict(self), "toml": self.toml}


def suggestion(machine: Machine) -> Suggestion:
    """What to run on this machine."""
    largest = max((gpu.memory_gb for gpu in machine.gpus), default=0.0)
    return _with_gpu(machine, largest) if largest >= 3 else _without_gpu(machine)


def _with_gpu(machine: Machine, gpu_gb: float) -> Suggestion:
    _, asr, compute_type = next(row for row in _ASR_ON_GPU if gpu_gb >= row[0])
    ears_gb = (whisper_gpu_memory(_stored_bytes(asr), compute_type) + CUDA_BYTES) / _GB
    share = math.floor((gpu_gb - ears_gb) / gpu_gb * 20) / 20
    model = _largest_llm(share * gpu_gb)
    tts_workers = min(4, max(1, machine.cores // 4))
    llm, served, notes, _ = _small_llm(machine)
    if model is not None:
        llm, served, notes = f"vllm:{model.name}", "auto", ()
    return Suggestion(
        asr,
        "cuda",
        compute_type,
        2,
        llm,
        served,
        share if model else None,
        VOICE,
        tts_workers,
        _own_gb(asr, compute_type) + (VLLM_PROCESS_BYTES / _GB if model else 0.0),
        ears_gb + (share * gpu_gb if model else 0.0),
        notes,
    )


def _without_gpu(machine: Machine) -> Suggestion:
    asr = next(
        name
        for cores, memory_gb, name in _ASR_ON_CPU
        if machine.cores >= cores and machine.memory_gb >= memory_gb
    )
    workers = 2 if machine.cores >= 4 else 1
    llm, served, notes, llm_gb = _small_llm(machine)
    memory_gb = _own_gb(asr, "int8", workers) + llm_gb
    return Suggestion(
        asr, "cpu", "int8", workers, llm, served, None, VOICE, None, memory_gb, 0.0, notes
    )


def _small_llm(machine: Machine) -> tuple[str, str, tuple[str, ...], float]:
    """Address, model, notes and memory of a language model that runs on a CPU, if any does."""
    for memory_gb, cores, model, takes_gb in _OLLAMA:
        if machine.memory_gb >= memory_gb and machine.cores >= cores:
            return _LOCAL_LLM, model, (f"Install Ollama and run `ollama pull {model}`.",), takes_gb
    note = "Too small for a language model: give the address of another machine's as llm.engine."
    return "offline", "auto", (note,), 0.0


def _largest_llm(memory_gb: float) -> LlmModel | None:
    fitting = [
        model
        for model in llm_models().values()
        if vllm_gpu_memory(model.size_mb * 1_000_000) / _GB <= memory_gb
    ]
    return fitting[-1] if fitting else None


def _own_gb(asr: str, compute_type: str, workers: int = 1) -> float:
    """What the server, its recogniser and its voice take of the machine."""
    ears_bytes = workers * whisper_memory(_stored_bytes(asr), compute_type)
    voice_bytes = voice_memory((voice_model(VOICE).size_mb or 0) * 1_000_000)
    return (SERVER_BYTES + ears_bytes + voice_bytes) / _GB


def _stored_bytes(asr: str) -> int:
    return (asr_model(asr).size_mb or 0) * 1_000_000
