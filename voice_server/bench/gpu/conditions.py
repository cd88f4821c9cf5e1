"""Under what conditions a GPU was measured, and what is missing before it can be."""

import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version

from models.asr.cuda import CUBLAS_REMEDY, has_cublas, seen_gpus
from models.errors import ModelError
from models.llm.vllm.preflight import find_executable
from voice_server.bench.conditions import machine

_TIMEOUT_S = 60.0
_GPU = "name,driver_version,memory.total"
_PACKAGES = ("ctranslate2", "faster-whisper", "voice-server")


def conditions(vllm: str | None) -> dict[str, str]:
    """GPU, driver, versions and machine, in words. `vllm` is its command, if there is one."""
    asked = _said("nvidia-smi", f"--query-gpu={_GPU}", "--format=csv,noheader").splitlines()
    versions = {name: _version(name) for name in _PACKAGES}
    if vllm:
        versions["vllm"] = (_said(vllm, "--version").split() or ["unknown"])[-1]
    gpus = "; ".join(asked) or "none"
    return {"gpus (name, driver, memory)": gpus, **versions, **machine()}


def missing_for_recognition() -> list[str]:
    """Why CTranslate2 cannot compute on a GPU here, a sentence with the remedy; empty if it can."""
    if shutil.which("nvidia-smi") is None:
        return ["There is no NVIDIA driver here: nvidia-smi is not found."]
    if not has_cublas():
        return [CUBLAS_REMEDY]
    if not seen_gpus():
        return ["CTranslate2 sees no GPU: is the driver new enough for CUDA 12 (nvidia-smi)?"]
    return []


def vllm_at(environment: str) -> tuple[str | None, list[str]]:
    """The `vllm` command of an environment, or why there is none."""
    try:
        return find_executable(environment), []
    except ModelError:
        where = environment or "the PATH"
        remedy = "`uv tool install vllm`, or name its environment with --vllm"
        return None, [f"There is no vLLM at {where}, so no language model is measured: {remedy}."]


def gpu_used_mb() -> int | None:
    """Of the memory of the first GPU, by everybody; None without one."""
    said = _said(
        "nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits", "-i", "0"
    )
    return int(said) if said.strip().isdecimal() else None


def _said(*command: str) -> str:
    """What a command prints; nothing where it is not here, or fails."""
    found = shutil.which(command[0])
    if found is None:
        return ""
    try:
        done = subprocess.run(
            [found, *command[1:]], capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
