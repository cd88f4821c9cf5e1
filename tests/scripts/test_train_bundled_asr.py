"""Every phase of the training works: from nothing to a model that faster-whisper loads."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tests.support.speech import say

pytestmark = [pytest.mark.engine, pytest.mark.timeout(900)]
"""The first run on a machine installs PyTorch into an environment of its own."""

COMMAND = Path(__file__).parents[2] / "scripts" / "train_bundled_asr"
PHASES = [
    "tokenizer.json",
    "speech",
    "encoder.pt",
    "decoder.pt",
    "joint.pt",
    "model",
    "evaluation.json",
    "model/manifest.json",
]


def _train(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COMMAND), "--threads", "1", *options]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the smallest run leaves behind."""
    out = tmp_path_factory.mktemp("training")
    done = _train("--smoke", "--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


def test_the_model_loads_and_transcribes(folder: Path) -> None:
    """After twenty steps the text is nonsense; that it comes without an error is the point."""
    model = WhisperModel(str(folder / "model"), device="cpu", compute_type="int8", cpu_threads=1)
    speech = say("Hello.").astype(np.float32) / 32768
    segments, info = model.transcribe(speech, beam_size=1, temperature=0.0)
    assert all(isinstance(segment.text, str) for segment in segments)
    assert info.language == "en"


def test_the_model_is_described(folder: Path) -> None:
    about = json.loads((folder / "model" / "manifest.json").read_text())
    for name, file in about["files"].items():
        assert (folder / "model" / name).stat().st_size == file["bytes"]
    assert set(about["made"]["evaluation"]) == {"held-out templates", "golden", "everyday"}


def test_a_second_run_keeps_every_phase(folder: Path) -> None:
    done = _train("--smoke", "--out", str(folder))
    assert done.returncode == 0, done.stderr
    kept = [line for line in done.stdout.splitlines() if line.endswith(": kept from before")]
    assert kept == [f"{name}: kept from before" for name in PHASES]


def test_a_folder_of_another_plan_is_refused(folder: Path) -> None:
    done = _train("--out", str(folder))
    assert done.returncode == 1
    assert "delete it or name another" in done.stderr
