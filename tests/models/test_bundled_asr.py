"""The bundled recogniser's files are those that its manifest and its card speak of."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from faster_whisper import WhisperModel

from tests.support.speech import say

pytestmark = pytest.mark.engine

FOLDER = Path(__file__).parents[2] / "models" / "assets" / "bundled-asr"
DESCRIPTIONS = {"CARD.md", "manifest.json"}
FILES: dict[str, dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text())["files"]


def test_the_manifest_names_every_file() -> None:
    assert set(FILES) == {path.name for path in FOLDER.iterdir()} - DESCRIPTIONS


@pytest.mark.parametrize("name", FILES)
def test_files_are_those_that_were_published(name: str) -> None:
    content = (FOLDER / name).read_bytes()
    assert len(content) == FILES[name]["bytes"]
    assert hashlib.sha256(content).hexdigest() == FILES[name]["sha256"]


@pytest.mark.parametrize("name", FILES)
def test_the_card_states_the_same_digests(name: str) -> None:
    row = f"| `{name}` | `{FILES[name]['sha256']}` |"
    assert row in (FOLDER / "CARD.md").read_text().splitlines()


def test_plain_faster_whisper_loads_and_understands_it() -> None:
    """Without this project's short windows, as any other program would use it."""
    model = WhisperModel(str(FOLDER), device="cpu", compute_type="int8", cpu_threads=1)
    speech = say("Where is the nearest library?").astype(np.float32) / 32768
    segments, _ = model.transcribe(speech, beam_size=1, temperature=0.0, without_timestamps=True)
    assert "".join(segment.text for segment in segments).strip() == "Where is the nearest library?"
