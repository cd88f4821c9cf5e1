"""What a process and its children have used, from the operating system (Linux, proc(5))."""

from pathlib import Path

from voice_server.bench.live import cpu_seconds, resident_bytes


def tree_cpu_s(pid: int) -> float:
    """User and system time of a process and all its living children, so far."""
    return sum(cpu_seconds(one) for one in _tree(pid))


def tree_resident_bytes(pid: int) -> int:
    """Memory in RAM of a process and its children; what they share is counted for each."""
    return sum(resident_bytes(one) for one in _tree(pid))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for file in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, file.read_text().split())
    return found
