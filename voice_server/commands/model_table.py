"""How `voice-server models` shows what it knows: rows for people, the same values for machines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.catalog import VOICE_REPO, AsrModel, LlmModel, Model, VoiceModel, name_of
from models.disk_space import as_size

_COLUMNS = ("kind", "name", "size", "languages", "licence", "here")


def described(model: Model, path: Path | None) -> dict[str, Any]:
    """A model as JSON: `size_bytes` is what is downloaded, `path` where it is, or None."""
    match model:
        case AsrModel():
            kind, repo, languages = "asr", model.repo, list(model.languages)
        case VoiceModel():
            kind, repo, languages = "tts", VOICE_REPO, [model.language]
        case LlmModel():
            kind, repo, languages = "llm", model.repo, ["*"]
    return {
        "kind": kind,
        "name": name_of(model),
        "source": repo,
        "size_bytes": model.size_mb and model.size_mb * 1_000_000,
        "languages": languages,
        "licence": model.licence,
        "path": str(path) if path else None,
    }


def as_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of `described` under a head, in columns."""
    cells = [_COLUMNS, *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(_COLUMNS))]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return "".join(f"{line}\n" for line in lines)


def as_sentence(result: Mapping[str, Any]) -> str:
    """What came of a model that was pulled, verified or removed."""
    name = result["name"]
    match result:
        case {"error": error}:
            return f"voice-server: {error}"
        case {"freed_bytes": 0}:
            return f"{name} is not here."
        case {"freed_bytes": freed_bytes}:
            return f"{name} is gone: {as_size(freed_bytes)} are free again."
        case {"state": "damaged", "damaged": files}:
            remedy = f"`voice-server models remove {name}`, then pull it again"
            return (
                f"{name} is damaged: {', '.join(files)} differ from what was published. {remedy}."
            )
        case {"state": "unknown"}:
            return f"{name} is here, but nobody says what its files should be."
        case {"state": state}:
            return f"{name} is {state}."
        case _:
            return f"{name} is at {result['path']}"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    size = as_size(row["size_bytes"]) if row["size_bytes"] else "?"
    languages = " ".join("all" if language == "*" else language for language in row["languages"])
    here = row["path"] or ""
    return row["kind"], row["name"], size, languages, row["licence"], here
