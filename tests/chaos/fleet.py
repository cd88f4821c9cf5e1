"""Several servers that share a Redis, each client behind a proxy of its own; any of them may die."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.counting_server import CountingServer
from tests.support.fault_proxy import FaultProxy, fault_proxy
from tests.support.redis_server import RedisServer

QUICK = ("limits.sessions_per_ip_max=100", "store.call_touch_s=0.5", "server.drain_spread_ms=500")


class Fleet:
    """Made by `fleet`."""

    def __init__(self, redis: RedisServer, chance: random.Random, *assignments: str) -> None:
        self.redis = redis
        self.kills = 0
        self.living: list[CountingServer] = []
        self._frozen: list[CountingServer] = []
        self._chance = chance
        self._assignments = [*QUICK, f"store.url={redis.url}", "store.timeout_ms=5000"]
        self._assignments += assignments
        self._proxies: list[FaultProxy] = []

    async def launch(self) -> CountingServer:
        """One more server."""
        server = CountingServer(*self._assignments)
        await asyncio.to_thread(server.__enter__)
        self.living.append(server)
        return server

    @asynccontextmanager
    async def address(self) -> AsyncIterator[FaultProxy]:
        """Where one client connects to: some server that lives, another one after each death."""
        async with fault_proxy(self._chance.choice(self.living).port) as proxy:
            self._proxies.append(proxy)
            try:
                yield proxy
            finally:
                self._proxies.remove(proxy)

    def kill(self, server: CountingServer) -> None:
        """`kill -9`, at once."""
        self._leave(server)
        server.process.kill()
        server.process.wait()
        server.stop()
        self.kills += 1

    def freeze(self, server: CountingServer) -> None:
        """It stands still, and its clients find that their connections are gone."""
        os.kill(server.process.pid, signal.SIGSTOP)
        self._frozen.append(server)
        self._leave(server)

    async def drain(self, server: CountingServer) -> int:
        """SIGTERM; returns the exit status."""
        self._leave(server, broken=False)
        return await asyncio.to_thread(server.stop)

    def thaw(self, server: CountingServer) -> None:
        """It goes on as if nothing had happened."""
        self._frozen.remove(server)
        os.kill(server.process.pid, signal.SIGCONT)
        self.living.append(server)

    def close(self) -> None:
        """End all of them."""
        for server in (*self.living, *self._frozen):
            server.process.kill()
            server.process.wait()
            server.stop()

    def _leave(self, server: CountingServer, *, broken: bool = True) -> None:
        """Whoever comes from now on is sent to another one."""
        self.living.remove(server)
        for proxy in self._proxies:
            if proxy.target_port == server.port:
                proxy.target_port = self._chance.choice(self.living).port
                if broken:
                    proxy.reset()


@asynccontextmanager
async def fleet(
    redis: RedisServer, count: int, *assignments: str, chance: random.Random | None = None
) -> AsyncIterator[Fleet]:
    """So many servers."""
    made = Fleet(redis, chance or random.Random(1), *assignments)
    try:
        for _ in range(count):
            await made.launch()
        yield made
    finally:
        made.close()
