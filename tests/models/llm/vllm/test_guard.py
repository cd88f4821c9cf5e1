"""The guard: whatever ends its owner ends the whole group. Real processes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.llm.vllm import guard
from tests.models.llm.vllm.conftest import is_alive

pytestmark = pytest.mark.socket

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(float(sys.argv[1]))
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + FAMILY
TIMEOUT_S = 20


class Guarded:
    """A command under guard."""

    def __init__(self, *command: str, grace_s: float = 10) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-I", guard.__file__, str(grace_s), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    @property
    def line(self) -> str:
        """The next line of its output."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().decode().strip()

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()


@pytest.fixture
def family() -> Iterator[Guarded]:
    guarded = Guarded(sys.executable, "-c", FAMILY, "600")
    yield guarded
    guarded.let_go()
    guarded.process.wait(TIMEOUT_S)
    assert guarded.process.stdout is not None
    guarded.process.stdout.close()


def test_the_group_ends_with_the_promise(family: Guarded) -> None:
    child = family.line
    assert is_alive(child)
    family.let_go()
    assert family.process.wait(TIMEOUT_S) == 128 + signal.SIGTERM
    assert not is_alive(child)


def test_a_signal_ends_it_too(family: Guarded) -> None:
    child = family.line
    family.process.terminate()
    assert family.process.wait(TIMEOUT_S) == 128 + signal.SIGTERM
    assert not is_alive(child)


def test_who_does_not_listen_is_killed() -> None:
    guarded = Guarded(sys.executable, "-c", STUBBORN, "600", grace_s=0.1)
    child = guarded.line
    guarded.let_go()
    assert guarded.process.wait(TIMEOUT_S) == 128 + signal.SIGKILL
    assert not is_alive(child)
    assert guarded.process.stdout is not None
    guarded.process.stdout.close()


def test_what_a_command_leaves_behind_is_killed_and_its_status_passed_on() -> None:
    guarded = Guarded(sys.executable, "-c", FAMILY + "\nsys.exit(7)", "0")
    child = guarded.line
    assert guarded.process.wait(TIMEOUT_S) == 7
    assert not is_alive(child)
    guarded.let_go()
    assert guarded.process.stdout is not None
    guarded.process.stdout.close()


def test_a_killed_owner_takes_the_group_along(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import subprocess, sys, time\n"
            "guard = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)\n"
            "time.sleep(600)",
            *(sys.executable, "-I", guard.__file__, "10", sys.executable, "-c", FAMILY, "600"),
        ],
        stdout=subprocess.PIPE,
    )
    assert owner.stdout is not None
    child = owner.stdout.readline().decode().strip()
    assert is_alive(child)
    owner.kill()
    assert owner.stdout.read() == b"", "the pipe closes when the last of the group is gone"
    owner.stdout.close()
    owner.wait(TIMEOUT_S)
    assert not is_alive(child)


@pytest.mark.parametrize(
    ("command", "status", "says"),
    [((), 2, "usage"), (("/nowhere/vllm",), 127, "/nowhere/vllm: No such file")],
)
def test_what_cannot_be_run(command: tuple[str, ...], status: int, says: str) -> None:
    guarded = Guarded(*command)
    assert says in guarded.line
    assert guarded.process.wait(TIMEOUT_S) == status
    guarded.let_go()
    assert guarded.process.stdout is not None
    guarded.process.stdout.close()
