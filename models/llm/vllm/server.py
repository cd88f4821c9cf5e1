"""Keeps one `vllm serve` alive: starts it, waits until it is healthy, watches it, starts it again.

It is unhealthy when its process has ended, or when `/health` failed several times in a row; then
its group is ended and, after a pause that grows, it is started again on the same port. The first
start is different: what fails there fails for the operator to see.
"""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

import aiohttp

from models.errors import ModelError
from models.llm.vllm.backoff import Backoff
from models.llm.vllm.command import VllmOptions, command, environment
from models.llm.vllm.process import GuardedProcess
from models.llm.vllm.startup_log import explain, stage

logger = logging.getLogger(__name__)

_POLL_S = 0.2
_HEALTH_TIMEOUT_S = 5.0


class ServerState(Enum):
    """Whether it can be asked."""

    STARTING = auto()
    READY = auto()
    FAILED = auto()
    """It was given up."""
    CLOSED = auto()


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """How long it is waited for, and how it is watched."""

    start_s: float = 900.0
    health_interval_s: float = 2.0
    health_failures_max: int = 3
    grace_s: float = 10.0
    """Between asking it to end and making it end."""
    restarts_max: int = 5
    """Within ten minutes; then it is given up."""
    pause_s: float = 1.0
    """Before the first restart; twice as long before each next one."""


class VllmServer:
    """One vLLM. Make it with `start`, and always `close` it."""

    def __init__(
        self,
        executable: str,
        options: VllmOptions,
        *,
        port: int = 0,
        limits: ServerLimits | None = None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> None:
        """Starts nothing yet. `port` 0 takes a free one."""
        self._options = options
        self._limits = limits or ServerLimits()
        self._backoff = Backoff(self._limits.pause_s, restarts_max=self._limits.restarts_max)
        self._on_restart = on_restart
        self._port = port or _free_port()
        self._command = command(executable, options, self._port)
        self.api_key = secrets.token_urlsafe(24)
        """Whoever asks it for text needs this."""
        self._state = ServerState.STARTING
        self._changed = asyncio.Event()
        self._process: GuardedProcess | None = None
        self._stage = ""
        self._health: aiohttp.ClientSession | None = None
        self._keeper: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        executable: str,
        options: VllmOptions,
        *,
        port: int = 0,
        limits: ServerLimits | None = None,
        on_restart: Callable[[], None] = lambda: None,
    ) -> Self:
        """A server that is healthy. Raises `ModelError` with its reason where it has one."""
        server = cls(executable, options, port=port, limits=limits, on_restart=on_restart)
        try:
            await server._launch()
        except BaseException:
            await server.close()
            raise
        server._keeper = asyncio.create_task(server._keep())
        return server

    @property
    def url(self) -> str:
        """The base of its API."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def state(self) -> ServerState:
        """Whether it can be asked now."""
        return self._state

    async def until(self, *states: ServerState) -> ServerState:
        """Wait until it is in one of these states, and return which."""
        while self._state not in states:
            await self._changed.wait()
        return self._state

    async def close(self) -> None:
        """End it, and everything it started. May be called again."""
        self._become(ServerState.CLOSED)
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is not None:
            await self._process.stop()
        if self._health is not None:
            await self._health.close()

    def _become(self, state: ServerState) -> None:
        self._state = state
        self._changed.set()
        self._changed = asyncio.Event()

    async def _launch(self) -> None:
        """Start the process and wait until it is healthy. Raises `ModelError`."""
        logger.info("vLLM: starting %s", self._options.model)
        self._stage = "starting"
        self._process = await GuardedProcess.start(
            self._command,
            environment(os.environ, self._options, self.api_key),
            grace_s=self._limits.grace_s,
            on_line=self._follow,
        )
        ended = asyncio.create_task(self._process.wait())
        try:
            async with asyncio.timeout(self._limits.start_s):
                while not await self._is_healthy():
                    await asyncio.wait([ended], timeout=_POLL_S)
                    if ended.done():
                        raise self._ended(ended.result(), self._process)
        except TimeoutError:
            raise ModelError(
                f"vLLM was not ready after {self._limits.start_s:g} s: it was {self._stage}. "
                "Raise llm.vllm.start_timeout_s, or fetch the model first."
            ) from None
        finally:
            ended.cancel()
        self._become(ServerState.READY)
        logger.info("vLLM: ready at %s", self.url)

    def _ended(self, status: int, process: GuardedProcess) -> ModelError:
        if status == 127:
            return ModelError(
                f"{self._command[0]} cannot be run. Install vLLM in an environment of its own, "
                "such as with `uv tool install vllm`, and name it in llm.vllm.environment."
            )
        return ModelError(f"vLLM ended with status {status}. {explain(process.lines)}")

    def _follow(self, line: str) -> None:
        """Tell how far it is, while it starts. Later lines may quote conversations."""
        if self._state is not ServerState.STARTING:
            return
        logger.debug("vLLM: %s", line)
        doing = stage(line)
        if doing and doing != self._stage:
            self._stage = doing
            logger.info("vLLM: %s", doing)

    async def _keep(self) -> None:
        """Watch it, and start it again when it fails, until it is given up."""
        while True:
            reason = await self._illness()
            self._become(ServerState.STARTING)
            self._on_restart()
            assert self._process is not None
            await self._process.stop()
            while not await self._restarted(reason):
                if self._state is ServerState.FAILED:
                    return
                reason = "could not be started"

    async def _restarted(self, reason: str) -> bool:
        wait_s = self._backoff.next_s(asyncio.get_running_loop().time())
        if wait_s is None:
            logger.error("vLLM %s, too often: it is given up. Restart the server.", reason)
            self._become(ServerState.FAILED)
            return False
        logger.warning("vLLM %s; starting it again in %g s", reason, wait_s)
        await asyncio.sleep(wait_s)
        try:
            await self._launch()
        except (ModelError, OSError) as error:
            logger.warning("%s", error)
            assert self._process is not None
            await self._process.stop()
            return False
        return True

    async def _illness(self) -> str:
        """What is wrong with it, as the end of "vLLM …", as soon as something is."""
        assert self._process is not None
        ended, failures = asyncio.create_task(self._process.wait()), 0
        try:
            while failures < self._limits.health_failures_max:
                await asyncio.wait([ended], timeout=self._limits.health_interval_s)
                if ended.done():
                    return f"ended with status {ended.result()}"
                failures = 0 if await self._is_healthy() else failures + 1
        finally:
            ended.cancel()
        return "does not answer"

    async def _is_healthy(self) -> bool:
        if self._health is None:
            timeout = aiohttp.ClientTimeout(total=_HEALTH_TIMEOUT_S)
            self._health = aiohttp.ClientSession(timeout=timeout)
        try:
            async with self._health.get(f"http://127.0.0.1:{self._port}/health") as response:
                return response.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
