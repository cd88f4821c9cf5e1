"""The real `redis-server`, on a Unix socket and a free port, in a folder of its own."""

import os
import random
import resource
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest
import redis

from tests.support.server import ROOT
from voice_server.settings import StoreSettings

PASSWORD = "open-sesame"

PATIENCE_MS = 5000
"""For tests that are about something else than time: a busy machine is not a defect."""

START_S = 30

AGE = """
for _, key in ipairs(redis.call('KEYS', 'vs:*')) do
    local left = redis.call('PTTL', key)
    if left > 0 then redis.call('PEXPIRE', key, left - ARGV[1]) end
    if redis.call('TYPE', key).ok == 'zset' then
        for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do
            redis.call('ZINCRBY', key, -ARGV[1], member)
        end
    end
end
"""

USERS = ROOT / "scripts" / "redis" / "voice-server.acl"
"""As it is shipped."""


class RedisServer:
    """Started when entered, killed by its process id when left."""

    def __init__(
        self, *options: str, durable: bool = True, tls: bool = False, user: str | None = None
    ) -> None:
        """`options` as redis-server takes them, such as `--maxmemory`, `5mb`.

        `tls`: the port speaks nothing else. `user` is somebody in the options whom any password
        lets in, for a server that keeps others out.
        """
        self._tls = tls
        self._user = user
        self._folder = tempfile.TemporaryDirectory(prefix="redis-")
        self.folder = Path(self._folder.name)
        self.port = _free_port()
        self._confined: list[str] = []
        """Who was made by `confine`, for the next start."""
        self._options = [*options, "--appendonly", "yes" if durable else "no"]

    @property
    def url(self) -> str:
        """Over the Unix socket, which nobody can take in our place."""
        return f"unix://{self._socket}"

    @property
    def tcp_url(self) -> str:
        """Over TCP, for proxies in between."""
        return f"redis://127.0.0.1:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same, where the port speaks TLS."""
        return f"rediss://127.0.0.1:{self.port}"

    @property
    def _socket(self) -> Path:
        return self.folder / "redis.sock"

    def patient(self, **more: object) -> StoreSettings:
        """Settings for a link that bears a busy machine."""
        return StoreSettings.model_validate({"url": self.url, "timeout_ms": PATIENCE_MS, **more})

    def options(self, **more: object) -> list[str]:
        """The same for a server's command line."""
        return [word for setting in self.assignments(**more) for word in ("--set", setting)]

    def assignments(self, **more: object) -> list[str]:
        """The same as settings by their names."""
        values: dict[str, object] = {"url": self.url, "timeout_ms": PATIENCE_MS, **more}
        return [f"store.{key}={value}" for key, value in values.items()]

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.kill()
        self.admin.close()
        self._folder.cleanup()

    def start(self) -> None:
        """Start, or start again with what was written before; returns when it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *self._arguments()],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                restore_signals=False,  # Python ignores SIGXFSZ; see `fill_disk`
            )
        self.admin = redis.Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=START_S,
            decode_responses=True,
            username=self._user,
            password=self._user,
        )
        self._wait()

    def _arguments(self) -> list[str]:
        ports = ["--port", "0", "--tls-port"] if self._tls else ["--port"]
        places = [*ports, str(self.port), "--unixsocket", str(self._socket)]
        lasting = ["--dir", str(self.folder), "--save", "", "--appendfsync", "everysec"]
        return ["--bind", "127.0.0.1", *places, *lasting, *self._options, *self._confined]

    def _wait(self) -> None:
        """Until it answers, or has ended."""
        for _ in range(START_S * 100):
            if self.process.poll() is not None:
                raise RuntimeError(f"redis-server ended:\n{self.log}")
            try:
                if self.admin.ping():
                    return
            except redis.ConnectionError:
                self._pause()
        raise RuntimeError(f"redis-server does not answer:\n{self.log}")

    def _pause(self) -> None:
        """Until the process does something, at most a hundredth of a second."""
        try:
            self.process.wait(0.01)
        except subprocess.TimeoutExpired:
            return

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """`kill -9`: what was not yet written to the disk is lost."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        self.admin.connection_pool.disconnect()

    def freeze(self) -> None:
        """Connections are accepted by the kernel, and nothing is answered."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on, and answers what was asked meanwhile."""
        os.kill(self.process.pid, signal.SIGCONT)

    def fill_disk(self) -> None:
        """From now on no file of Redis may grow."""
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    def empty_disk(self) -> None:
        """There is room again."""
        unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, unlimited)

    def flush(self) -> None:
        """Forget everything, as an operator's FLUSHALL does."""
        self.admin.flushall()

    def age(self, seconds: float) -> None:
        """Let everything of ours be so much nearer to its death; nobody turns Redis's clock."""
        self.admin.eval(AGE, 0, round(seconds * 1000))

    def confine(self, *rules: str) -> str:
        """Make a user whom Redis confines to our keys, or by `rules`; returns the URL of one."""
        user = ["voice", "reset", "on", f">{PASSWORD}", *(rules or shipped_rules())]
        self.admin.execute_command("ACL", "SETUSER", *user)  # type: ignore[no-untyped-call]
        self._confined = ["--user", *user]
        return f"unix://voice:{PASSWORD}@{self._socket}"


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    """A fresh one, with its log of appended writes."""
    with RedisServer() as server:
        yield server


def shipped_rules() -> list[str]:
    """What the user `voice` may do."""
    *_, rules = USERS.read_text().partition(" nopass ")
    return rules.split()


def _free_port() -> int:
    """Below those that the kernel gives to whoever connects, so that it is free after a restart."""
    for port in random.sample(range(20_000, 32_000), 100):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError("a hundred ports are in use")
