"""Writes a report: Markdown to read, JSON to compare, SVG to show."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol


class Written(Protocol):
    """A report in its three forms."""

    def markdown(self) -> str:
        """For people."""

    def plain(self) -> Mapping[str, object]:
        """For machines."""

    def svg(self) -> str:
        """One plot."""


def write(report: Written, folder: Path, name: str = "turns") -> None:
    """Write `name`.md, .json and .svg, making the folder if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(report.markdown(), encoding="utf-8")
    data = json.dumps(report.plain(), indent=1, ensure_ascii=False)
    (folder / f"{name}.json").write_text(data + "\n", encoding="utf-8")
    (folder / f"{name}.svg").write_text(report.svg(), encoding="utf-8")
