"""What is said about a machine with a GPU, told by a driver that is none, and about one without."""

from pathlib import Path

import ctranslate2
import pytest

from tests.support.vllm_stand_in import install
from voice_server.bench.gpu import conditions as looked
from voice_server.bench.gpu.conditions import (
    conditions,
    gpu_used_mb,
    missing_for_recognition,
    vllm_at,
)

pytestmark = pytest.mark.engine

DRIVER = """#!/bin/sh
case "$1" in
*memory.used) echo 1234 ;;
*) echo "NVIDIA H200, 570.1, 143771 MiB" ;;
esac
"""


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin" / "nvidia-smi"
    command.parent.mkdir()
    command.write_text(DRIVER)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:/usr/bin:/bin")


@pytest.mark.usefixtures("driver")
def test_the_gpu_and_what_runs_on_it_are_named(tmp_path: Path) -> None:
    vllm = tmp_path / "vllm"
    vllm.write_text("#!/bin/sh\necho INFO something\necho 0.33.0\n")
    vllm.chmod(0o755)
    found = conditions(str(vllm))
    assert found["gpus (name, driver, memory)"] == "NVIDIA H200, 570.1, 143771 MiB"
    assert found["vllm"] == "0.33.0"
    assert found["ctranslate2"]
    assert gpu_used_mb() == 1234


def test_a_machine_without_a_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert conditions(None)["gpus (name, driver, memory)"] == "none"
    assert gpu_used_mb() is None
    (reason,) = missing_for_recognition()
    assert "nvidia-smi is not found" in reason


@pytest.mark.usefixtures("driver")
def test_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    here: set[str] = set()
    monkeypatch.setattr(looked, "_loads", lambda library: library in here)
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 0)
    assert [reason.split(" is missing")[0] for reason in missing_for_recognition()] == [
        "cuBLAS 12",
        "cuDNN 9",
    ]
    here.update({"libcublas.so.12", "libcudnn.so.9"})
    assert missing_for_recognition() == [
        "CTranslate2 sees no GPU: is the driver new enough for CUDA 12 (nvidia-smi)?"
    ]
    monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 1)
    assert missing_for_recognition() == []


def test_vllm_is_found_or_its_absence_said(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    assert vllm_at(str(environment))[0] is None
    assert "--vllm" in vllm_at(str(environment))[1][0]
    install(environment)
    assert vllm_at(str(environment)) == (str(environment / "bin" / "vllm"), [])
