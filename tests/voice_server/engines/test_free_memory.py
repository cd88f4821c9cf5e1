"""What is free: of the machine, or of the container that this process is in."""

from pathlib import Path

import pytest

from voice_server.engines.free_memory import Bound, bounds, free_bytes, whole_bytes

pytestmark = pytest.mark.pure

MEMINFO = "MemTotal:       16000 kB\nMemFree:         1000 kB\nMemAvailable:    8000 kB\n"
UNLIMITED_V1 = "9223372036854771712"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return root


def group(folder: str, limit: str, used: str, inactive: int = 0) -> dict[str, str]:
    """The files of one group of the second generation."""
    place = f"sys/fs/cgroup/{folder}".rstrip("/")
    return {
        f"{place}/memory.max": f"{limit}\n",
        f"{place}/memory.current": f"{used}\n",
        f"{place}/memory.stat": f"anon 1\ninactive_file {inactive}\n",
    }


def test_the_machine(tmp_path: Path) -> None:
    root = write(tmp_path, {"proc/meminfo": MEMINFO})
    assert (free_bytes(root), whole_bytes(root)) == (8000 * 1024, 16000 * 1024)


def test_a_system_that_does_not_say(tmp_path: Path) -> None:
    assert (free_bytes(tmp_path), whole_bytes(tmp_path)) == (None, None)


def test_every_group_above_counts(tmp_path: Path) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/all/mine\n"}
    files |= group("all/mine", "max", "4096")
    files |= group("all", "1000000", "600000", inactive=100_000)
    root = write(tmp_path, files)
    assert list(bounds(root)) == [Bound(1_000_000, 500_000)]
    assert (free_bytes(root), whole_bytes(root)) == (500_000, 1_000_000)


def test_a_container_that_sees_only_itself(tmp_path: Path) -> None:
    """It is told the host's name of its group, and finds its own files at the top."""
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/docker/abc\n"}
    root = write(tmp_path, files | group("", "3000000", "1000000"))
    assert free_bytes(root) == 2_000_000


def test_the_first_generation(tmp_path: Path) -> None:
    place = "sys/fs/cgroup/memory"
    files = {
        "proc/meminfo": MEMINFO,
        "proc/self/cgroup": "5:cpuacct,memory:/mine\n4:pids:/mine\n0::/\n",
        f"{place}/mine/memory.limit_in_bytes": "700000\n",
        f"{place}/mine/memory.usage_in_bytes": "500000\n",
        f"{place}/mine/memory.stat": "inactive_file 1\ntotal_inactive_file 200000\n",
        f"{place}/memory.limit_in_bytes": UNLIMITED_V1,
        f"{place}/memory.usage_in_bytes": "500000",
    }
    root = write(tmp_path, files)
    assert (free_bytes(root), whole_bytes(root)) == (400_000, 700_000)


def test_a_container_that_is_full_has_nothing_free(tmp_path: Path) -> None:
    files = {"proc/meminfo": MEMINFO, "proc/self/cgroup": "0::/\n"}
    assert free_bytes(write(tmp_path, files | group("", "1000", "2000"))) == 0
