"""Servers that share a Redis, and clients that each come through a proxy; any server may die."""

import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from tests.support.counting_server import CountingServer
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.redis_server import RedisServer

BASIS = (
    "limits.sessions_per_ip_max=100",
    "limits.loop_lag_ms_max=10000",  # machines that run tests are busy
    "store.call_touch_s=0.5",
    "server.drain_spread_ms=500",
    "store.timeout_ms=5000",
)


class Fleet:
    """A context manager: enter it, and launch."""

    def __init__(self, redis: RedisServer, chance: random.Random, *assignments: str) -> None:
        self.kills = self.sleeps = 0
        self.living: list[CountingServer] = []
        self._frozen: list[CountingServer] = []
        self._chance = chance
        self._assignments = [*BASIS, f"store.url={redis.url}", *assignments]
        self._proxies: list[FaultProxy] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        for server in (*self.living, *self._frozen):
            server.process.kill()
            server.stop()

    def launch(self, count: int = 1) -> None:
        """Have at least so many servers."""
        while len(self.living) < count:
            server = CountingServer(*self._assignments)
            self.living.append(server.__enter__())

    @asynccontextmanager
    async def address(self) -> AsyncIterator[FaultProxy]:
        """Where one client connects to: some server that lives, another one after each death."""
        async with fault_proxy(self._chance.choice(self.living).port) as proxy:
            self._proxies.append(proxy)
            try:
                yield proxy
            finally:
                self._proxies.remove(proxy)

    def behind(self, proxy: FaultProxy) -> CountingServer:
        """Who serves whoever comes there now."""
        return next(server for server in self.living if server.port == proxy.target_port)

    def kill(self, server: CountingServer) -> None:
        """`kill -9`, at once."""
        self._route_around(server)
        server.process.kill()
        server.stop()
        self.kills += 1

    def freeze(self, server: CountingServer) -> None:
        """It stands still, and its clients find that their connections are gone."""
        server.process.send_signal(signal.SIGSTOP)
        self._frozen.append(server)
        self.sleeps += 1
        for proxy in self._route_around(server):
            proxy.reset()

    def thaw(self, server: CountingServer) -> None:
        """It goes on as if nothing had happened."""
        self._frozen.remove(server)
        server.process.send_signal(signal.SIGCONT)
        self.living.append(server)

    def drain(self, server: CountingServer) -> int:
        """SIGTERM; returns the exit status."""
        self._route_around(server)
        return server.stop()

    def _route_around(self, server: CountingServer) -> list[FaultProxy]:
        """Whoever comes from now on is sent to another one."""
        self.living.remove(server)
        concerned = [proxy for proxy in self._proxies if proxy.target_port == server.port]
        for proxy in concerned:
            proxy.target_port = self._chance.choice(self.living).port
        return concerned
