"""What is said about a machine with a GPU, told by a driver that is none, and about one without."""

from pathlib import Path

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
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for cublas, gpus, words in ((False, 1, "cuBLAS 12"), (True, 0, "sees no GPU")):
        monkeypatch.setattr(looked, "has_cublas", lambda cublas=cublas: cublas)
        monkeypatch.setattr(looked, "seen_gpus", lambda gpus=gpus: gpus)
        assert words in missing_for_recognition()[0]
    monkeypatch.setattr(looked, "seen_gpus", lambda: 1)
    assert missing_for_recognition() == []


def test_vllm_is_found_or_its_absence_said(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    assert vllm_at(str(environment))[0] is None
    assert "--vllm" in vllm_at(str(environment))[1][0]
    install(environment)
    assert vllm_at(str(environment)) == (str(environment / "bin" / "vllm"), [])
