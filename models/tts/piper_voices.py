"""Which voices a Piper file has, without loading it: its JSON says so."""

import json
from pathlib import Path

from models.errors import ModelError
from models.tts import Voice


def voices_in(voice_path: Path) -> list[Voice]:
    """`NAME`, or `NAME#SPEAKER` for each of many speakers. Raises `ModelError`."""
    path = voice_path.with_name(f"{voice_path.name}.json")
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
        language = str(described["language"]["code"]).replace("_", "-")
        several = described.get("num_speakers", 1) > 1
        speakers = list(described.get("speaker_id_map", {})) if several else []
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} does not describe a Piper voice ({error!r}).") from error
    ids = [f"{voice_path.stem}#{speaker}" for speaker in speakers] or [voice_path.stem]
    return [Voice(voice_id, language, f"Piper {voice_id}") for voice_id in ids]
