"""Whether a download has room, asked before its first byte."""

import shutil
from collections.abc import Iterable
from pathlib import Path

from models.errors import ModelError

SPARE_BYTES = 100_000_000
"""Left free, because a full disk hurts more than a missing model."""

_UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def require_space(name: str, size_bytes: int, folder: Path) -> None:
    """Raise `ModelError` unless `size_bytes` more fit where `folder` is, or will be."""
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free_bytes = shutil.disk_usage(place).free
    if size_bytes and size_bytes + SPARE_BYTES > free_bytes:
        raise ModelError(
            f"{name} needs {as_size(size_bytes)}, and {folder} has room for "
            f"{as_size(max(0, free_bytes - SPARE_BYTES))}: make room, or set models.cache_dir."
        )


def unfinished_bytes(folders: Iterable[Path]) -> int:
    """What broken downloads have left in these folders, and need not fetch again."""
    parts = (part for folder in folders for part in folder.rglob("*.incomplete"))
    return sum(part.stat().st_size for part in parts)


def as_size(size_bytes: int) -> str:
    """Bytes in words: `1.6 GB`."""
    for unit_bytes, unit in _UNITS:
        if size_bytes >= unit_bytes:
            return f"{size_bytes / unit_bytes:.3g} {unit}"
    return f"{size_bytes} bytes"
