"""Writes a report: Markdown to read, JSON to compare, SVG to show."""

import json
from pathlib import Path

from voice_server.bench.report import Report


def write(report: Report, folder: Path) -> None:
    """Write `turns.md`, `turns.json` and `turns.svg`, making the folder if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "turns.md").write_text(report.markdown(), encoding="utf-8")
    data = json.dumps(report.plain(), indent=1, ensure_ascii=False)
    (folder / "turns.json").write_text(data + "\n", encoding="utf-8")
    (folder / "turns.svg").write_text(report.svg(), encoding="utf-8")
