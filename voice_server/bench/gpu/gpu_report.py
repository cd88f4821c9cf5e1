"""The figures of a GPU, as Markdown and as JSON. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

Row = Mapping[str, Any]

_DECODES = {
    "compute_type": "format",
    "audio_ms": "audio, ms",
    "rows": "rows",
    "median_ms": "median, ms",
    "p95_ms": "p95, ms",
    "per_row_ms": "a row, ms",
    "gpu_mb": "GPU, MB",
}
_TALKERS = {
    "compute_type": "format",
    "talkers": "talkers",
    "finals": "finals",
    "final_median_ms": "final, median, ms",
    "final_p95_ms": "p95, ms",
    "captions_per_s": "captions a second",
    "failures": "failures",
    "in_time": "in time",
}


@dataclass(slots=True)
class GpuReport:
    """What was measured, and what was not."""

    title: str
    conditions: Mapping[str, str]
    plan: Sequence[str]
    """What was to be done, a sentence a step."""
    decodes: list[Row] = field(default_factory=list)
    talkers: list[Row] = field(default_factory=list)
    replies: Row = field(default_factory=dict)
    together: Row = field(default_factory=dict)
    """Talkers and callers on one GPU at once."""
    skipped: list[str] = field(default_factory=list)
    """What was left out, and why."""

    def as_json(self) -> str:
        """Everything."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        """Everything, to read."""
        parts = [f"# {self.title}", _bullets(f"{k}: {v}" for k, v in self.conditions.items())]
        parts += ["## Steps", _bullets(self.plan)]
        if self.decodes:
            parts += ["## One decode", _table(_DECODES, self.decodes)]
            parts += [_bullets(str(row["error"]) for row in self.decodes if "error" in row)]
        if self.talkers:
            parts += ["## Who can talk at once", _table(_TALKERS, self.talkers)]
        for heading, found in (("Replies", self.replies), ("Both on one GPU", self.together)):
            if found:
                parts += [f"## {heading}", _bullets(_flat(found))]
        if self.skipped:
            parts += ["## Not measured", _bullets(self.skipped)]
        return "\n\n".join(part for part in parts if part) + "\n"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(columns: Mapping[str, str], rows: Sequence[Row]) -> str:
    lines = [" | ".join(columns.values()), " | ".join("---" for _ in columns)]
    whole = (row for row in rows if "error" not in row)
    lines += [" | ".join(_shown(row.get(name)) for name in columns) for row in whole]
    return "\n".join(f"| {line} |" for line in lines)


def _flat(found: Row, above: str = "") -> list[str]:
    lines: list[str] = []
    for name, value in found.items():
        words = f"{above}{name.replace('_', ' ')}"
        if isinstance(value, Mapping):
            lines += _flat(value, f"{words}, ")
        else:
            lines.append(f"{words}: {_shown(value)}")
    return lines


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
        case _:
            return str(value)
