"""The examples of raw mode, run as they are printed, against the real server.

The shell one needs curl and jq: where they are missing, it is skipped.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support import node
from tests.support.clips import load_clip
from tests.support.server import ServerProcess

pytestmark = [pytest.mark.socket, node.may_install]

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "scripts" / "examples"
LINES_MAX = 30
WORDS = "What is the weather like in London today?"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    with ServerProcess() as server:
        yield server


@pytest.fixture
def question(tmp_path: Path) -> Path:
    """A recording, as bare samples."""
    file = tmp_path / "question.raw"
    file.write_bytes(load_clip("question").tobytes())
    return file


def run(*command: str | Path) -> str:
    done = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def assert_spoken(answer: Path) -> None:
    samples = np.frombuffer(answer.read_bytes(), dtype=np.int16)
    assert len(samples) > 8000
    assert np.abs(samples).max() > 1000


def test_python(server: ServerProcess, question: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.raw"
    url = f"ws://127.0.0.1:{server.port}/ws"
    assert WORDS in run(sys.executable, EXAMPLES / "raw_python.py", question, answer, url)
    assert_spoken(answer)


def test_node(server: ServerProcess, question: Path, tmp_path: Path) -> None:
    answer = tmp_path / "answer.raw"
    url = f"ws://127.0.0.1:{server.port}/ws"
    folder = node.packages({"ws": "8.23.0"})
    program = EXAMPLES / "raw_node.mjs"
    assert WORDS in node.run(program, folder, str(question), str(answer), url)
    assert_spoken(answer)


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="curl or jq is not installed"
)
def test_shell(server: ServerProcess, tmp_path: Path) -> None:
    question, answer = tmp_path / "question.wav", tmp_path / "answer.wav"
    soundfile.write(question, load_clip("question"), 16_000)
    url = f"http://127.0.0.1:{server.port}"
    assert WORDS in run("sh", EXAMPLES / "turn_curl.sh", question, answer, url)
    samples, rate = soundfile.read(answer, dtype="int16")
    assert len(samples) > rate // 2
    assert np.abs(samples).max() > 1000


@pytest.mark.parametrize("name", ["raw_python.py", "raw_node.mjs", "turn_curl.sh"])
def test_examples_stay_short(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) <= LINES_MAX
