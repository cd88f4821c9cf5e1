"""The dry run: every step in tiny shapes, with a vLLM that is none; and what is said without."""

import json
from pathlib import Path

import pytest

from tests.support.vllm_stand_in import install
from voice_server.bench.gpu import command

pytestmark = pytest.mark.engine

NO_DRIVER = ["There is no NVIDIA driver here."]


@pytest.fixture
def options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(command, "missing_for_recognition", lambda: NO_DRIVER)
    monkeypatch.setenv("STAND_IN", str(tmp_path))
    return ["--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]


def test_the_dry_run_does_all_that_needs_no_gpu(options: list[str], tmp_path: Path) -> None:
    install(tmp_path / "environment")
    assert command.main(["--dry-run", "--vllm", str(tmp_path / "environment"), *options]) == 0
    found = json.loads((tmp_path / "out" / "gpu.json").read_text())
    decodes = [(row["compute_type"], row["audio_ms"], row["rows"]) for row in found["decodes"]]
    assert decodes == [("int8", 4000, 1), ("int8", 4000, 2)]
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in found["decodes"])
    (talkers,) = found["talkers"]
    assert (talkers["talkers"], talkers["finals"], talkers["failures"]) == (1, 1, 0)
    assert found["replies"]["at_once"]["callers"] == 4
    assert found["replies"]["first_token_cached_ms"]["median"] > 0
    assert found["together"]["recognition"]["finals"] == 1
    assert found["skipped"][0] == NO_DRIVER[0]
    assert "no figure is a GPU's" in found["skipped"][-1]
    written = (tmp_path / "out" / "gpu.md").read_text()
    assert "large-v3-turbo (random weights) in float16, int8_float16 on cuda" in written
    assert "8,030.0 million random weights" in written
    assert json.loads((tmp_path / "work" / "llm-8b" / "config.json").read_text())["vocab_size"]


def test_without_a_gpu_it_says_what_is_missing(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(options) == 2
    said = capsys.readouterr().err
    assert NO_DRIVER[0] in said
    assert "--dry-run" in said
    assert not (tmp_path / "out").exists()
