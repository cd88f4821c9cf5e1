"""What the chosen engines will take of memory, and whether that fits. Pure.

Each engine says its need, and what would make it smaller; needs are added up for the machine and
for each GPU, and compared with what is free there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.asr.hardware import Hardware
from models.catalog import name_of
from models.disk_space import as_size
from models.memory_needs import (
    CUDA_BYTES,
    PROCESS_BYTES,
    VLLM_PROCESS_BYTES,
    vllm_gpu_memory,
    voice_memory,
    whisper_gpu_memory,
    whisper_memory,
)
from voice_server.engines.machine import Machine
from voice_server.engines.plans import Plan, Role
from voice_server.settings import Settings

_OWN_SHARE = ("--gpu-memory-utilization", "--kv-cache-memory-bytes", "--tensor-parallel-size")
"""Options in `llm.vllm.arguments` after which our arithmetic means nothing."""

_EVEN_SO = "models.memory_check=false tries it even so."


@dataclass(frozen=True, slots=True)
class FileSizes:
    """Bytes of what is to be loaded; 0 where nobody knows."""

    asr: int = 0
    """The recogniser's weights as they are stored."""
    voice: int = 0
    more_voices: int = 0
    """All of `tts.voices`."""
    llm: int = 0
    """The weights that vLLM is to serve."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one engine will take."""

    role: Role
    what: str
    memory_bytes: int = 0
    """Of the machine."""
    gpu_bytes: Mapping[int, int] = field(default_factory=dict)
    """By the number of the GPU."""
    remedies: tuple[str, ...] = ()
    """What would make it smaller."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """Where it does not fit."""

    sentence: str
    """With the figures and the remedy."""
    roles: frozenset[Role]
    """Whose engines want to be there."""


def needs(
    settings: Settings,
    plans: Sequence[Plan],
    hardware: Hardware,
    sizes: FileSizes,
    machine: Machine,
) -> list[Need]:
    """What each engine will take; nothing for those that run elsewhere, or are unknown."""
    found: list[Need] = []
    for plan in plans:
        if plan.engine == "whisper" and sizes.asr:
            found.append(_recogniser(settings, _name(plan), hardware, sizes.asr))
        elif plan.engine == "piper" and sizes.voice:
            found.append(_voice(settings, _name(plan), sizes))
        elif plan.engine == "vllm" and machine.gpus and _by_our_share(settings):
            found.append(_vllm(settings, plan.llm, machine))
    return found


def shortages(
    settings: Settings, taken: Sequence[Need], sizes: FileSizes, machine: Machine
) -> list[Shortage]:
    """Why all that does not fit; empty if it does."""
    in_memory = [(need, need.memory_bytes) for need in taken if need.memory_bytes]
    found = [_shortage("memory", in_memory, machine.free_bytes)]
    for number, gpu in enumerate(machine.gpus):
        on_it = [(need, need.gpu_bytes[number]) for need in taken if number in need.gpu_bytes]
        found.append(_shortage(f"memory on GPU {number} ({gpu.name})", on_it, gpu.free_bytes))
    found.append(_small_share(settings, taken, sizes.llm, machine))
    return [shortage for shortage in found if shortage]


def _recogniser(settings: Settings, name: str, hardware: Hardware, stored_bytes: int) -> Need:
    asr, kind = settings.asr, hardware.compute_type
    what, remedies = f"asr {name} in {kind}", ["a smaller asr.engine"]
    if hardware.device == "cuda":
        gpus, own_bytes = hardware.indices, PROCESS_BYTES + stored_bytes
        each_bytes = whisper_gpu_memory(stored_bytes, kind) + CUDA_BYTES
        remedies += [] if "int8" in kind else ["asr.compute_type=int8_float16"]
        on_gpus = dict.fromkeys(gpus, each_bytes)
        return Need("asr", what, len(gpus) * own_bytes, on_gpus, tuple(remedies))
    apart = asr.processes if asr.processes is not None else asr.workers > 1
    copies = asr.workers if apart else 1
    remedies += [] if "int8" in kind else ["asr.compute_type=int8"]
    if copies > 1:
        what, remedies = f"{what}, {copies} copies", [*remedies, "fewer asr.workers"]
    return Need("asr", what, copies * whisper_memory(stored_bytes, kind), {}, tuple(remedies))


def _voice(settings: Settings, name: str, sizes: FileSizes) -> Need:
    more_bytes = min(sizes.more_voices, settings.tts.voices_bytes_max)
    taken_bytes = voice_memory(sizes.voice + more_bytes)
    remedies = ("a smaller tts.voices_bytes_max",) if more_bytes else ("a smaller tts.engine",)
    what = f"tts {name} and others" if more_bytes else f"tts {name}"
    if settings.tts.device == "cuda":
        return Need("tts", what, 0, {0: taken_bytes}, remedies)
    return Need("tts", what, taken_bytes, {}, remedies)


def _vllm(settings: Settings, model: str, machine: Machine) -> Need:
    share_bytes = int(settings.llm.vllm.gpu_memory * machine.gpus[0].memory_bytes)
    remedies = ("a smaller llm.vllm.gpu_memory",)
    return Need("llm", f"vllm:{model}", VLLM_PROCESS_BYTES, {0: share_bytes}, remedies)


def _by_our_share(settings: Settings) -> bool:
    return not any(option.startswith(_OWN_SHARE) for option in settings.llm.vllm.arguments)


def _shortage(
    place: str, asked: Sequence[tuple[Need, int]], free_bytes: int | None
) -> Shortage | None:
    total_bytes = sum(size_bytes for _, size_bytes in asked)
    if free_bytes is None or total_bytes <= free_bytes:
        return None
    parts = ", ".join(f"{need.what}: {as_size(size_bytes)}" for need, size_bytes in asked)
    remedies = " or ".join(remedy for need, _ in asked for remedy in need.remedies)
    return Shortage(
        f"Not enough {place}: about {as_size(total_bytes)} are needed ({parts}), and "
        f"{as_size(free_bytes)} are free. Take {remedies}; {_EVEN_SO}",
        frozenset(need.role for need, _ in asked),
    )


def _small_share(
    settings: Settings, taken: Sequence[Need], weights_bytes: int, machine: Machine
) -> Shortage | None:
    """Whether vLLM's share of the GPU has no room for the weights and some conversations."""
    for need in taken:
        least_bytes = vllm_gpu_memory(weights_bytes)
        if need.role == "llm" and weights_bytes and least_bytes > need.gpu_bytes[0]:
            share = settings.llm.vllm.gpu_memory
            return Shortage(
                f"Not enough memory for {need.what}: its weights and some conversations need about "
                f"{as_size(least_bytes)} of the GPU, and llm.vllm.gpu_memory={share:g} gives it "
                f"{as_size(need.gpu_bytes[0])}. Take a smaller or quantised model, or a larger "
                f"share; {_EVEN_SO}",
                frozenset({"llm"}),
            )
    return None


def _name(plan: Plan) -> str:
    return name_of(plan.model) if plan.model else plan.path.stem if plan.path else plan.engine
