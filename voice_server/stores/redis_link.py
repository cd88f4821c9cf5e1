"""One process's link to Redis: it answers soon, or says at once that it will not.

redis-py by itself waits for seconds, tries again unasked, and forever on a Redis that is frozen.
Here a step has one deadline that holds for connecting, too; nothing is tried twice; and after some
failures in a row a breaker spares everybody the wait. A lost answer leaves open whether the step
was taken: each script has to be written so that this harms nobody but who asked for it.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, Self

from redis.asyncio import ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from models.breaker import Breaker
from voice_server.identity.store import StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, StoreSettings
from voice_server.stores.address import StoreAddress, parse_address
from voice_server.stores.script import Script

logger = logging.getLogger(__name__)

PREFIX = "vs:"
"""What all keys and channels of ours begin with."""

SUBSCRIPTIONS_MAX = 8
"""Connections that do nothing but listen; they do not count as `store.connections_max`."""

LISTEN_S = 5.0
"""A connection that listens is asked so often whether it lives."""

Reply = int | bytes | list["Reply"] | None
"""What a script or a command answers."""

Argument = str | bytes | int | float


class RedisLink:
    """All connections of one process; an asynchronous context manager."""

    def __init__(
        self,
        settings: StoreSettings,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is monotonic, in seconds. Nothing is connected yet. Raises `SettingsError`."""
        self.address = parse_address(settings.url)
        self._timeout_s = settings.timeout_ms / 1000
        self._slots = asyncio.Semaphore(settings.connections_max)
        self._redis = Redis(connection_pool=_pool(self.address, settings))
        self._redis.response_callbacks.clear()  # answers stay as Redis gives them
        self._metrics = metrics
        self._clock = clock
        self._breaker = Breaker(
            settings.breaker_failures_max, settings.breaker_rest_s, settings.breaker_within_s
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._redis.connection_pool.disconnect()

    @property
    def resting(self) -> bool:
        """Whether Redis is left alone for now, because it did not answer."""
        return self._breaker.resting

    async def run(
        self, script: Script, keys: Sequence[str] = (), arguments: Sequence[Argument] = ()
    ) -> Reply:
        """Run a script. `keys` are without `PREFIX`. Raises `StoreUnavailable`."""
        names = [PREFIX + key for key in keys]
        return await self._step(script.name, lambda: self._evaluate(script, names, arguments))

    async def ask(self, *command: Argument) -> Reply:
        """Run a command as it stands, such as `INFO`. Raises `StoreUnavailable`."""
        name = str(command[0]).lower()
        return await self._step(name, lambda: self._execute(*command))

    async def publish(self, channel: str, message: Argument) -> None:
        """Tell whoever subscribes now, in any process. Raises `StoreUnavailable`."""
        await self.ask("PUBLISH", PREFIX + channel, message)

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes, None]:
        """Yield b"" once it listens, then what is published, until it raises `StoreUnavailable`.

        What is published while nobody listens is lost: who must not miss anything looks again
        when it begins, and now and then.
        """
        subscriber = self._redis.pubsub()
        try:
            async with self._attempt("subscribe"):
                await subscriber.subscribe(PREFIX + channel)
            async with aclosing(self._heard(subscriber)) as heard:
                async for kind, data in heard:
                    if kind in ("subscribe", "message"):
                        yield data if kind == "message" else b""
        except (RedisError, OSError) as error:
            raise StoreUnavailable(self._sentence(error)) from error
        finally:
            await subscriber.aclose()  # type: ignore[no-untyped-call]

    async def _heard(self, subscriber: PubSub) -> AsyncGenerator[tuple[str, bytes], None]:
        """What arrives, by kind, until nothing does although it was asked for."""
        asked = False
        while True:
            message = await subscriber.get_message(timeout=LISTEN_S)
            if message is not None:
                asked = False
                yield message["type"], message["data"]
            elif asked:
                raise TimeoutError("it does not answer whoever listens")
            else:
                asked = True
                await subscriber.ping()

    # One step --------------------------------------------------------------------------------

    async def _step(self, name: str, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        self._refuse_while_resting()
        async with self._slot(), self._attempt(name):
            return await ask()

    async def _evaluate(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Reply:
        parameters = (len(keys), *keys, *arguments)
        try:
            return await self._execute("EVALSHA", script.digest, *parameters)
        except NoScriptError:  # Redis is new, or has forgotten: it learns by doing
            return await self._execute("EVAL", script.lua, *parameters)

    async def _execute(self, *command: Argument) -> Reply:
        return await self._redis.execute_command(*command)  # type: ignore[no-untyped-call,no-any-return]

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """One of the connections, as soon as one is free."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._slots.acquire()
        except TimeoutError:
            self._metrics.limit_hits.labels("store_connections").inc()
            message = "all connections to Redis are in use; see store.connections_max"
            raise StoreUnavailable(message) from None
        try:
            yield
        finally:
            self._slots.release()

    @asynccontextmanager
    async def _attempt(self, name: str) -> AsyncIterator[None]:
        """Time a step, and learn from how it ends."""
        self._refuse_while_resting()  # those before may have opened the breaker meanwhile
        began = self._clock()
        self._breaker.begin()
        try:
            async with asyncio.timeout(self._timeout_s):
                yield
        except ResponseError as error:
            self._learn(self._breaker.succeeded)  # an answer, though not the one hoped for
            raise self._failed(name, "refused", error) from error
        except (RedisError, OSError) as error:
            self._learn(lambda: self._breaker.failed(self._clock()))
            raise self._failed(name, "silent", error) from error
        except asyncio.CancelledError:
            self._breaker.left()
            raise
        self._metrics.store_seconds.labels(name).observe(self._clock() - began)
        self._learn(self._breaker.succeeded)

    def _refuse_while_resting(self) -> None:
        if not self._breaker.allows(self._clock()):
            raise StoreUnavailable(f"Redis at {self.address} is left alone: it did not answer")

    def _learn(self, lesson: Callable[[], None]) -> None:
        before = self._breaker.resting
        lesson()
        resting = self._breaker.resting
        self._metrics.store_resting.set(resting)
        if resting and not before:
            logger.warning("Redis does not answer, and is left alone", extra={"at": self.address})
        elif before and not resting:
            logger.info("Redis answers again", extra={"at": self.address})

    def _failed(self, step: str, how: str, error: Exception) -> StoreUnavailable:
        self._metrics.store_failures.labels(step, how).inc()
        return StoreUnavailable(self._sentence(error))

    def _sentence(self, error: Exception) -> str:
        return f"Redis at {self.address}: {str(error) or 'no answer in time'}"


def _pool(address: StoreAddress, settings: StoreSettings) -> ConnectionPool:
    """Connections that fail soon, and once."""
    timeout_s = settings.timeout_ms / 1000
    options: dict[str, Any] = {
        "username": address.user,
        "password": _password(address, settings),
        "db": address.database,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,  # or it says who we are, in two more commands per connection
    }
    if address.socket_path:
        options |= {"connection_class": UnixDomainSocketConnection, "path": address.socket_path}
    else:
        options |= {"host": address.host, "port": address.port}
    if address.tls:
        options |= {"connection_class": SSLConnection, "ssl_ca_certs": _ca_file(settings)}
    return ConnectionPool(max_connections=settings.connections_max + SUBSCRIPTIONS_MAX, **options)


def _password(address: StoreAddress, settings: StoreSettings) -> str | None:
    if settings.password_file is None:
        return address.password
    try:
        return settings.password_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"store.password_file: {settings.password_file}: {error}") from None


def _ca_file(settings: StoreSettings) -> str | None:
    if settings.ca_file is not None and not settings.ca_file.is_file():
        raise SettingsError(f"store.ca_file: there is no {settings.ca_file}")
    return None if settings.ca_file is None else str(settings.ca_file)
