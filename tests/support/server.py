"""The real server as a process: started on a free port, stopped by its process id."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

ROOT = Path(__file__).parent.parent.parent

STOP_S = 30.0
"""More than the server's own time to drain."""

COMMAND = (sys.executable, "-m", "voice_server", "serve")
ENGINES = ("--offline", "--asr", "bundled", "--llm", "offline", "--tts", "espeak")

UNHURRIED = ("--set", "limits.loop_lag_ms_max=60000")
"""While tests run, nobody is turned away because this machine is busy with other tests."""


class ServerProcess:
    """`voice-server serve` with the bundled engines; a context manager."""

    def __init__(self, *options: str, port: int = 0, files_max: int | None = None) -> None:
        """`files_max`: how many files it may open, if not as many as we."""
        self._command = [*COMMAND, "--port", str(port), *ENGINES, *UNHURRIED, *options]
        if files_max is not None:
            tight = f'ulimit -n {files_max}; exec "$@"'
            self._command = ["bash", "-c", tight, "server", *self._command]
        self.port = port
        """Known once entered."""
        self.ready: dict[str, Any] = {}
        """What the server said once it was ready."""
        self.log = ""
        """What the server wrote to stderr; known once stopped."""

    @property
    def url(self) -> str:
        """Where the page is."""
        scheme = urlsplit(self.ready.get("url", "http:")).scheme
        return f"{scheme}://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=self._stderr,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.stop()
            raise RuntimeError(f"the server did not start:\n{self.log}")
        self.ready = json.loads(line)
        self.port = self.ready["port"]
        return self

    def __exit__(self, failure: type[BaseException] | None, *details: object) -> None:
        if self._stderr.closed:
            return  # the test has stopped it, in its own way
        status = self.stop()
        if status and failure is None:
            raise RuntimeError(f"the server ended with status {status}:\n{self.log}")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal the process, wait for it, return its exit status. Safe to call twice."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(STOP_S)
        finally:
            self.process.kill()
            self._close_streams()
        return self.process.wait()

    def _close_streams(self) -> None:
        if self._stderr.closed:
            return
        self._stderr.seek(0)
        self.log = self._stderr.read().decode()
        self._stderr.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
