"""How each server is started: offline, on loopback, on a core of its own, as it comes and tuned.

What "tuned" means is written beside each command and printed with the figures. Threads of the
model are one everywhere (`OMP_NUM_THREADS`), because there is one core.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from models.hub import bundled_asr
from voice_server.bench.load.null_tier import spacious

START_S_MAX = 90.0
ROOM = 1000
NICENESS = -20
PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything is for one server."""

    environments: Path
    model: Path
    scratch: Path
    warm_wav: str
    port: int

    def command(self, environment: str, name: str) -> str:
        """A program of a peer's own environment."""
        return str(self.environments / environment / "bin" / name)


@dataclass(frozen=True, slots=True)
class Setup:
    """One row of the table."""

    name: str
    wire: str
    how: str
    """The tuning, in words."""
    command: Callable[[Place], Sequence[str]]
    options: dict[str, object] = field(default_factory=dict)
    """What its client says."""

    @property
    def streams(self) -> bool:
        """It shows words while they are spoken."""
        return self.wire != "wyoming"


def serving(place: Place, *engines: str) -> Sequence[str]:
    """Our own server, with one worker and room for all."""
    asr = "bundled" if place.model == bundled_asr() else str(place.model)
    one = ("--asr", asr, "--set", "asr.workers=1", "--set", "asr.processes=true")
    serve = (sys.executable, "-m", "voice_server", "serve", "--offline", "--port", str(place.port))
    return [*serve, *engines, *one, *spacious(ROOM)]


def _ours(place: Place) -> Sequence[str]:
    return serving(place, "--llm", "scripted", "--tts", "scripted")


def _whisper_live(mode: str) -> Callable[[Place], Sequence[str]]:
    program = str(PROGRAMS / "whisper_live_server.py")
    return lambda place: [
        place.command("whisperlive", "python"),
        program,
        str(place.port),
        str(place.model),
        mode,
    ]


def _whisper_livekit(*tuning: str) -> Callable[[Place], Sequence[str]]:
    def command(place: Place) -> Sequence[str]:
        policy = ("--backend", "faster-whisper", "--backend-policy", "localagreement")
        where = ("--host", "127.0.0.1", "--port", str(place.port))
        words = ("--model_dir", str(place.model), "--language", "en", "--pcm-input")
        warm = ("--warmup-file", place.warm_wav)
        return [place.command("whisperlivekit", "wlk"), *where, *policy, *words, *warm, *tuning]

    return command


def _wyoming(*tuning: str) -> Callable[[Place], Sequence[str]]:
    def command(place: Place) -> Sequence[str]:
        where = ("--uri", f"tcp://127.0.0.1:{place.port}", "--data-dir", str(place.scratch))
        words = ("--model", str(place.model), "--language", "en", "--cpu-threads", "1")
        kind = ("--stt-library", "faster-whisper")
        python = place.command("wyoming", "python")
        return [python, "-m", "wyoming_faster_whisper", *where, *words, *kind, *tuning]

    return command


OURS = Setup("voice-server", "voice-server", "as it comes, one worker", _ours)
SETUPS = (
    OURS,
    Setup(
        "WhisperLive 0.10.0",
        "whisper-live",
        "as it comes, room for all: one model behind a lock, beam 5, its VAD filter",
        _whisper_live("plain"),
    ),
    Setup(
        "WhisperLive 0.10.0, tuned",
        "whisper-live",
        "batched inference (greedy), segments completed after 3 equal outputs instead of 10",
        _whisper_live("batch"),
        {"same_output_threshold": 3},
    ),
    Setup(
        "WhisperLiveKit 0.2.26",
        "whisper-livekit",
        "as it comes: LocalAgreement, beam 5, its voice activity controller",
        _whisper_livekit(),
    ),
    Setup(
        "WhisperLiveKit 0.2.26, tuned",
        "whisper-livekit",
        "an update each 0.5 s of new audio, buffer trimmed at 8 s, sure words shown at once",
        _whisper_livekit(
            *("--asr-coalesce-min-s", "0.5", "--buffer_trimming_sec", "8"),
            "--confidence-validation",
        ),
    ),
    Setup(
        "wyoming-faster-whisper 3.8.1",
        "wyoming",
        "as it comes: its beam for the processor, the model's own number format",
        _wyoming(),
    ),
    Setup(
        "wyoming-faster-whisper 3.8.1, tuned",
        "wyoming",
        "greedy, int8",
        _wyoming("--beam-size", "1", "--compute-type", "int8"),
    ),
)


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[int]:
    """A server, offline and on loopback, until the block ends; yields its process id.

    Raises `RuntimeError` with its last words if it does not listen in time.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        ) as process,
    ):
        try:
            favour(process.pid)
            _wait_for(port, process, log)
            yield process.pid
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def favour(pid: int) -> None:
    """Let a session of processes go before other work, where that is allowed (sched(7))."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, NICENESS)
        Path(f"/proc/{pid}/autogroup").write_text(str(NICENESS))


def _wait_for(port: int, process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    until = time.monotonic() + START_S_MAX
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    log.seek(0)
    raise RuntimeError(f"{process.args!r} did not start:\n{log.read().decode()[-1500:]}")


@contextmanager
def on_core(number: int) -> Iterator[None]:
    """What is started within runs on this core alone (Linux)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def punctually() -> Iterator[None]:
    """What is started within is never kept waiting by other work, where that is allowed."""
    policy, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    with suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, policy, parameter)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
