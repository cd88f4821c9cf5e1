"""The manifest of a model directory: every file with its size and digest, and how it was made."""

import hashlib
import json
from pathlib import Path
from typing import Any

MODEL_FILES = (
    "config.json",
    "model.bin",
    "preprocessor_config.json",
    "tokenizer.json",
    "vocabulary.json",
)


def manifest(folder: Path, version: str, made: dict[str, Any]) -> str:
    """The manifest of the files that faster-whisper reads, as JSON text."""
    files = {
        name: {
            "bytes": (folder / name).stat().st_size,
            "sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest(),
        }
        for name in MODEL_FILES
    }
    about = {"name": "bundled-asr", "version": version, "made": made, "files": files}
    return json.dumps(about, indent=2) + "\n"
