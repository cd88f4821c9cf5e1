"""What is wrong before anything is started, in words that help."""

import os
import sys
from pathlib import Path

import pytest

from models.errors import ModelError
from models.llm.vllm.preflight import find_executable, find_model
from tests.support.vllm_stand_in import install

pytestmark = pytest.mark.pure


def test_an_environment_or_its_command(tmp_path: Path) -> None:
    command = install(tmp_path)
    assert find_executable(str(tmp_path)) == str(command)
    assert find_executable(str(command)) == str(command)
    with pytest.raises(ModelError, match=r"There is no vLLM at .*nowhere"):
        find_executable(str(tmp_path / "nowhere"))


def test_the_path_and_the_neighbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = install(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setenv("PATH", os.devnull)
    assert find_executable("") == str(command)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ModelError, match="uv tool install vllm"):
        find_executable("")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert find_executable("") == str(command)


def test_names_and_directories(tmp_path: Path) -> None:
    assert find_model("Qwen/Qwen3-8B") == "Qwen/Qwen3-8B"
    with pytest.raises(ModelError, match=r"needs config\.json"):
        find_model(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    assert find_model(str(tmp_path)) == str(tmp_path)
