"""The listening sockets, and how many connections there may be.

The server accepts for itself, because a connection has to be counted before it costs anything: a
TLS handshake, aiohttp's buffers, a file descriptor that something else needs. Where the system has
no descriptors left, those who wait outside are let in when somebody goes.
"""

import asyncio
import errno
import ipaddress
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from http import HTTPStatus

from voice_server.door.doorstep import Doorstep, plain_answer
from voice_server.door.open_files import room_for
from voice_server.exposure import is_loopback
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings, SettingsError
from voice_server.tasks import watched

logger = logging.getLogger(__name__)

BACKLOG = 512
NO_MORE_FILES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
RETRY_S = 1.0
"""How long to wait for a file descriptor, if nobody leaves before."""
QUIET_S = 10.0
"""A full house is logged this often at most."""

MakeProtocol = Callable[[], asyncio.Protocol]


class FrontDoor:
    """Accepts connections and hands them to protocols; see `open`."""

    def __init__(
        self,
        inside: MakeProtocol,
        limits: LimitSettings,
        metrics: Metrics,
        tls: ssl.SSLContext | None = None,
        proxies: Collection[str] = (),
    ) -> None:
        """`proxies`: addresses from which many come."""
        self._inside = inside
        self._limits = limits
        self._metrics = metrics
        self._tls = tls
        self._proxies = frozenset(proxies)
        self._connections_max = room_for(limits.connections_max)
        self._present: Counter[str] = Counter()
        self._somebody_left = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[socket.socket] = []
        self._logged_at: dict[str, float] = {}
        self._loop = asyncio.get_running_loop()

    async def open(self, host: str, port: int) -> int:
        """Listen on every address of `host`; returns the port. Raises `SettingsError`."""
        try:
            addresses = await self._loop.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, address in sorted({(entry[0], entry[4][0]) for entry in addresses}):
                listener = socket.create_server((address, port), family=family, backlog=BACKLOG)
                listener.setblocking(False)
                self._listeners.append(listener)
                port = port or listener.getsockname()[1]
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {host}:{port}: {error.strerror}; choose another address with "
                "--host or --port, or stop what listens there"
            ) from None
        for listener in self._listeners:
            self._keep(watched(self._accept(listener), lambda: None))
        return port

    async def close(self) -> None:
        """Accept nobody any more. Those inside stay."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    # Accepting -------------------------------------------------------------------------------

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, address = await self._loop.sock_accept(listener)
            except OSError as error:
                if error.errno in NO_MORE_FILES:
                    await self._wait_for_a_file(error)
                continue  # otherwise the caller has hung up
            self._greet(connection, neighbourhood(address[0]))

    def _greet(self, connection: socket.socket, caller: str) -> None:
        if limit := self._reached(caller):
            self._count(limit)
            with connection, suppress(OSError):
                if self._tls is None:
                    connection.send(plain_answer(HTTPStatus.SERVICE_UNAVAILABLE))
            return
        self._present[caller] += 1
        self._metrics.connections.inc()
        self._keep(watched(self._let_in(connection, caller), lambda: None))

    async def _let_in(self, connection: socket.socket, caller: str) -> None:
        """End TLS, and leave the rest to the doorstep."""
        timeout_s = self._limits.header_timeout_s if self._tls else None
        step = partial(self._doorstep, caller)
        inside = False
        try:
            await self._loop.connect_accepted_socket(
                step, connection, ssl=self._tls, ssl_handshake_timeout=timeout_s
            )
            inside = True
        except ConnectionAbortedError:
            self._count("header_timeout")
        except OSError:
            pass  # no TLS, or not ours, or the caller has hung up
        finally:
            if not inside:
                self._gone(caller)

    def _doorstep(self, caller: str) -> Doorstep:
        return Doorstep(self._inside(), self._limits, self._count, partial(self._gone, caller))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Counting --------------------------------------------------------------------------------

    def _reached(self, caller: str) -> str | None:
        """The name of the limit that keeps this caller out."""
        if self._present.total() >= self._connections_max:
            return "connections"
        if caller in self._proxies:
            return None
        if is_loopback(caller):
            full = self._present[caller] >= self._limits.connections_local_max
            return "connections_local" if full else None
        full = self._present[caller] >= self._limits.connections_per_ip_max
        return "connections_per_ip" if full else None

    def _gone(self, caller: str) -> None:
        self._present[caller] -= 1
        if not self._present[caller]:
            del self._present[caller]
        self._metrics.connections.dec()
        self._somebody_left.set()

    def _count(self, limit: str) -> None:
        self._metrics.limit_hits.labels(limit).inc()
        if limit.startswith("connections"):
            self._log(limit, f"connections are turned away: limits.{limit}_max is reached")

    async def _wait_for_a_file(self, error: OSError) -> None:
        self._metrics.limit_hits.labels("open_files").inc()
        self._log(
            "open_files",
            f"no connection can be accepted: {error.strerror}; raise the limit with `ulimit -n`, "
            "or lower limits.connections_max",
        )
        self._somebody_left.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(RETRY_S):
                await self._somebody_left.wait()

    def _log(self, limit: str, sentence: str) -> None:
        now = self._loop.time()
        if now - self._logged_at.get(limit, -QUIET_S) >= QUIET_S:
            self._logged_at[limit] = now
            logger.warning(sentence)


def neighbourhood(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that one IPv6 customer gets."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv4Address):
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network((ip, 64), strict=False))
