"""What this machine has: GPUs, memory, cores. Asks the driver and the system, loads nothing."""

import os
import shutil
import subprocess
from dataclasses import dataclass

import ctranslate2

_ASK_GPUS = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_ASK_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics card."""

    name: str
    memory_gb: float
    """Gibibytes."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a configuration has to fit."""

    cores: int
    memory_gb: float
    """Gibibytes."""
    gpus: tuple[Gpu, ...] = ()

    def __str__(self) -> str:
        cards = ", ".join(f"{gpu.name} with {gpu.memory_gb:.0f} GB" for gpu in self.gpus)
        return f"{self.cores} cores, {self.memory_gb:.0f} GB of memory, {cards or 'no GPU'}"


def look_at_machine() -> Machine:
    """Look around. A GPU counts if CTranslate2 can use it, too."""
    usable = ctranslate2.get_cuda_device_count()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return Machine(cores or 1, _memory_gb(), gpus_in(_asked_driver())[:usable])


def gpus_in(listed: str) -> tuple[Gpu, ...]:
    """The cards in the answer of nvidia-smi: lines of name and mebibytes. Others are skipped."""
    rows = (line.rpartition(",") for line in listed.splitlines())
    return tuple(
        Gpu(name.strip(), int(memory_mb) / 1024)
        for name, _, memory_mb in rows
        if memory_mb.strip().isdecimal()
    )


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
    if not hasattr(os, "sysconf"):
        return 8.0
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
