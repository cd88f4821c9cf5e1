"""A process is asked together with its children."""

import os
import subprocess
import sys

import pytest

from voice_server.bench.live import resident_bytes
from voice_server.bench.load.process_meter import tree_cpu_s, tree_resident_bytes

pytestmark = pytest.mark.engine


def test_children_count() -> None:
    pid = os.getpid()
    own = resident_bytes(pid)
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert tree_resident_bytes(pid) - own > 3_000_000
        assert tree_cpu_s(pid) > tree_cpu_s(child.pid) >= 0
        child.communicate(b"\n")
