"""A vLLM that is none, and a way to see which of its processes are left."""

from pathlib import Path

import pytest

from tests.support.vllm_stand_in import install


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the stand-in notes its runs."""
    folder = tmp_path / "notes"
    folder.mkdir()
    monkeypatch.setenv("STAND_IN", str(folder))
    return folder


@pytest.fixture
def executable(tmp_path: Path, notes: Path) -> str:
    """The stand-in's `vllm` command."""
    return str(install(tmp_path / "environment"))


def is_alive(pid: object) -> bool:
    """Whether there is such a process, and it is not waiting for its parent to look at it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
