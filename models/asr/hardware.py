"""Where a Whisper model computes, and in which number format: chosen from what is there. Pure.

What is there is asked of CTranslate2 by `look`. On a GPU half precision is the fastest that loses
nothing; on a CPU 8-bit integers are four times faster than floats.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import ctranslate2

from models.asr.cuda import usable_gpus
from models.errors import ModelError

_PREFERRED = {
    "cuda": ("float16", "bfloat16", "int8_float32", "float32"),
    "cpu": ("int8", "int8_float32", "float32"),
}
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Found:
    """What CTranslate2 can use on this machine."""

    gpus: int
    compute_types: Callable[[str], Collection[str]]
    """For `cpu` or `cuda`."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where to compute, and how."""

    device: str
    """`cpu` or `cuda`."""
    indices: tuple[int, ...]
    """Numbers of the GPUs, one worker each; (0,) on a CPU."""
    compute_type: str
    """In CTranslate2's words, e.g. `int8`."""

    def __str__(self) -> str:
        gpus = ", ".join(f"cuda:{index}" for index in self.indices)
        return f"{gpus if self.device == 'cuda' else 'cpu'}, {self.compute_type}"


def look() -> Found:
    """Ask CTranslate2 what is there."""
    return Found(usable_gpus(), ctranslate2.get_supported_compute_types)


def choose_hardware(
    device: str, compute_type: str, found: Found, gpus: Sequence[int] = ()
) -> Hardware:
    """Choose for `device` (`auto`, `cpu`, `cuda`) and `compute_type` (`auto` or CTranslate2's).

    `gpus` names the GPUs to use; empty means all. Raises `ModelError` for what is not there.
    """
    if device == AUTO:
        device = "cuda" if found.gpus else "cpu"
    if device == "cuda" and not found.gpus:
        raise ModelError(
            "asr.device is cuda, but CTranslate2 can use no GPU: `voice-server doctor` says what is"
            " missing, the driver (see nvidia-smi) or cuBLAS 12; or set asr.device to cpu."
        )
    lacking = [index for index in gpus if device == "cuda" and not 0 <= index < found.gpus]
    if lacking:
        raise ModelError(f"asr.gpus names GPU {lacking[0]}, but there are {found.gpus}, from 0 on.")
    supported = found.compute_types(device)
    if compute_type == AUTO:
        compute_type = next((t for t in _PREFERRED[device] if t in supported), "default")
    elif compute_type not in supported and compute_type != "default":
        usable = ", ".join(sorted(supported))
        raise ModelError(
            f"asr.compute_type is {compute_type!r}, which {device} cannot do here: use {usable}."
        )
    indices = tuple(gpus or range(found.gpus)) if device == "cuda" else (0,)
    return Hardware(device, indices, compute_type)
