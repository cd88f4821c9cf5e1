"""How much memory this process may still take: the machine's, or less where a container is small.

Linux only; elsewhere nobody knows. Files are read below `root`, which is `/` but in tests.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Bound:
    """The limit of a control group, and how much of it is taken by what cannot be given back."""

    limit_bytes: int
    used_bytes: int


@dataclass(frozen=True, slots=True)
class _Files:
    """What a generation of control groups calls its files."""

    folder: str
    limit: str
    used: str
    reclaimable: str


_V1 = _Files("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = _Files("", "memory.max", "memory.current", "inactive_file")


def free_bytes(root: Path = _ROOT) -> int | None:
    """What is free, or None where the system does not say."""
    available = _meminfo(root, "MemAvailable")
    if available is None:
        return None
    return max(0, min([available, *(b.limit_bytes - b.used_bytes for b in bounds(root))]))


def whole_bytes(root: Path = _ROOT) -> int | None:
    """All that this process and its neighbours in a container may have, or None."""
    whole = _meminfo(root, "MemTotal")
    return None if whole is None else min([whole, *(bound.limit_bytes for bound in bounds(root))])


def bounds(root: Path = _ROOT) -> Iterator[Bound]:
    """Every limit that holds for this process: its control group's, and those above it."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        _number, controllers, path = line.split(":", 2)
        if not controllers:
            yield from _bounds_above(root / "sys/fs/cgroup", path, _V2)
        elif "memory" in controllers.split(","):
            yield from _bounds_above(root / "sys/fs/cgroup" / _V1.folder, path, _V1)


def _bounds_above(mount: Path, path: str, files: _Files) -> Iterator[Bound]:
    # In a container the path may be the host's: then only the mount itself is there.
    own = mount / path.strip("/")
    for group in (own, *own.parents):
        limit, used = _read(group / files.limit).strip(), _read(group / files.used).strip()
        if limit.isdecimal() and used.isdecimal():
            stat = dict(line.split(" ", 1) for line in _read(group / "memory.stat").splitlines())
            yield Bound(int(limit), int(used) - int(stat.get(files.reclaimable, 0)))
        if group == mount:
            return


def _meminfo(root: Path, key: str) -> int | None:
    lines = (line.partition(":") for line in _read(root / "proc/meminfo").splitlines())
    found = (value.split()[0] for name, _, value in lines if name == key)
    return next((int(kilobytes) * 1024 for kilobytes in found), None)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        return ""
