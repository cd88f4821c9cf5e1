"""`voice-server say` as a process: local engines, a server, files, pipes, and sentences."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.server import ServerProcess

pytestmark = pytest.mark.socket

COMMAND = (sys.executable, "-m", "voice_server", "say")
ESPEAK = ("--tts", "espeak", "--offline")
ROOT = Path(__file__).parents[3]


def say(*words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], cwd=ROOT, input=stdin, capture_output=True, timeout=60, check=False
    )


def loudness(file: Path | io.BytesIO) -> int:
    samples, rate = soundfile.read(file, dtype="int16")
    assert len(samples) > rate // 4
    return int(np.abs(samples).max())


@pytest.mark.parametrize("name", ["hello.wav", "hello.flac", "hello.ogg"])
def test_into_a_file_by_local_engines(name: str, tmp_path: Path) -> None:
    done = say("Hello there.", *ESPEAK, "-o", str(tmp_path / name))
    assert (done.returncode, done.stderr) == (0, b"")
    assert loudness(tmp_path / name) > 1000


def test_from_a_pipe_into_a_pipe_by_a_server(server: ServerProcess) -> None:
    done = say("-", "--server", server.url, "-o", "-", stdin=b"Hello there.")
    assert (done.returncode, done.stderr) == (0, b"")
    assert loudness(io.BytesIO(done.stdout)) > 1000


def test_twice_as_fast_takes_half_as_long(tmp_path: Path) -> None:
    text = "This sentence is long enough to be measured."
    for speed in ("1.0", "2.0"):
        say(text, *ESPEAK, "--speed", speed, "-o", str(tmp_path / f"{speed}.wav"))
    frames = [soundfile.info(tmp_path / f"{speed}.wav").frames for speed in ("1.0", "2.0")]
    assert frames[1] < 0.7 * frames[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("x", "--server", "127.0.0.1:9", "-o", "x.wav"), b"Nobody answers at ws://127.0.0.1:9/"),
        (("x", "--server", "http://", "-o", "x.wav"), b"'http://' is no address of a server"),
        (("...", *ESPEAK, "-o", "x.wav"), b"There is nothing in the text that can be said."),
        (("x", *ESPEAK, "-o", "x.nonsense"), b"x.nonsense cannot be written"),
        (("x", *ESPEAK, "-o", "/nowhere/x.wav"), b"/nowhere/x.wav cannot be written"),
        (("x", *ESPEAK, "--voice", "nobody", "-o", "x.wav"), b"nobody"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], sentence: bytes) -> None:
    done = say(*words)
    assert done.returncode == 2
    assert done.stderr.startswith(b"voice-server: ")
    assert sentence in done.stderr
    assert b"Traceback" not in done.stderr
