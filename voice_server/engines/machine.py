"""What this machine has: GPUs, memory, cores. Asks the driver and the system, loads nothing."""

import os
import shutil
import subprocess
from dataclasses import dataclass

from models.asr.cuda import usable_gpus
from voice_server.engines.free_memory import free_bytes, whole_bytes

_ASK_GPUS = ("--query-gpu=memory.total,memory.free,name", "--format=csv,noheader,nounits")
_ASK_TIMEOUT_S = 5.0
_GB = 2**30
_MB = 2**20


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics card."""

    name: str
    memory_gb: float
    """Gibibytes."""
    free_bytes: int | None = None
    """Of its memory, now; None where the driver does not say."""

    @property
    def memory_bytes(self) -> int:
        """All of its memory."""
        return int(self.memory_gb * _GB)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a configuration has to fit."""

    cores: int
    memory_gb: float
    """Gibibytes; of the container, where that has less."""
    gpus: tuple[Gpu, ...] = ()
    free_bytes: int | None = None
    """Of its memory, now; None where the system does not say."""

    def __str__(self) -> str:
        cards = ", ".join(f"{gpu.name} with {gpu.memory_gb:.0f} GB" for gpu in self.gpus)
        return f"{self.cores} cores, {self.memory_gb:.0f} GB of memory, {cards or 'no GPU'}"


def look_at_machine() -> Machine:
    """Look around. A GPU counts if CTranslate2 can use it, too."""
    usable = usable_gpus()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    gpus = visible(gpus_in(_asked_driver()), os.environ.get("CUDA_VISIBLE_DEVICES", ""))
    return Machine(cores or 1, _memory_gb(), gpus[:usable], free_bytes())


def gpus_in(listed: str) -> tuple[Gpu, ...]:
    """The cards in the answer of nvidia-smi: lines of mebibytes in all, mebibytes free, and name.

    Others are skipped.
    """
    rows = (line.split(",", 2) for line in listed.splitlines() if line.count(",") >= 2)
    return tuple(
        Gpu(name.strip(), int(whole_mb) / 1024, int(free_mb) * _MB if _is_number(free_mb) else None)
        for whole_mb, free_mb, name in rows
        if _is_number(whole_mb)
    )


def visible(gpus: tuple[Gpu, ...], chosen: str) -> tuple[Gpu, ...]:
    """The cards in the order of `CUDA_VISIBLE_DEVICES`, where that is a list of their numbers."""
    numbers = [number.strip() for number in chosen.split(",")]
    if not all(_is_number(number) and int(number) < len(gpus) for number in numbers):
        return gpus
    return tuple(gpus[int(number)] for number in numbers)


def _is_number(text: str) -> bool:
    return text.strip().isdecimal()


def _asked_driver() -> str:
    command = shutil.which("nvidia-smi")
    if command is None:
        return ""
    try:
        asked = [command, *_ASK_GPUS]
        done = subprocess.run(
            asked, capture_output=True, text=True, timeout=_ASK_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


def _memory_gb() -> float:
    whole = whole_bytes()
    if whole is None and hasattr(os, "sysconf"):
        whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 8.0 if whole is None else whole / _GB
