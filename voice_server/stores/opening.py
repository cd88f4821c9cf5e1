"""The link to Redis, if the settings ask for one: opened before the server, closed after it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from voice_server.calls.call_store import CallStore
from voice_server.identity.revocations import RevocationFile, default_file
from voice_server.identity.store import Store
from voice_server.metrics import Metrics
from voice_server.settings import AuthSettings, Settings, SettingsError, StoreSettings

if TYPE_CHECKING:
    from voice_server.stores.examination import Condition
    from voice_server.stores.redis_link import RedisLink

    Check = Callable[[RedisLink, StoreSettings], Awaitable[None]]


@asynccontextmanager
async def redis_link(
    settings: StoreSettings, metrics: Metrics
) -> AsyncIterator["RedisLink | None"]:
    """A link that was looked at; None where everything stays in this process.

    Raises `SettingsError` if it cannot be: the extra `redis` is not installed, the URL is none, or
    Redis is not as `store.durability` requires.
    """
    if not settings.url:
        yield None
        return
    link_of, check_at_start = await asyncio.to_thread(_imported)
    async with link_of(settings, metrics) as link:
        await check_at_start(link, settings)
        yield link


def identity_store(link: "RedisLink | None", auth: AuthSettings) -> Store | None:
    """What identities remember, behind a link; None without one."""
    if link is None:
        return None
    from voice_server.stores.redis_store import RedisStore  # noqa: PLC0415

    return RedisStore(link, RevocationFile(auth.revoked_file or default_file()))


def call_store(link: "RedisLink | None", settings: Settings) -> CallStore | None:
    """Where calls are kept for the case that this process dies; None without a link."""
    if link is None:
        return None
    from voice_server.stores.redis_calls import RedisCalls  # noqa: PLC0415

    return RedisCalls(link, settings.limits.resume_s + settings.store.call_margin_s)


async def look_at(settings: StoreSettings) -> "Condition":
    """What Redis says about itself. Raises `SettingsError` and `StoreUnavailable`."""
    link_of, _ = await asyncio.to_thread(_imported)
    from voice_server.stores.examination import examine  # noqa: PLC0415

    async with link_of(settings, Metrics()) as link:
        return await examine(link)


def _imported() -> tuple[type["RedisLink"], "Check"]:
    """redis-py takes a tenth of a second, and only those who use it have to have it."""
    try:
        from voice_server.stores.examination import check_at_start  # noqa: PLC0415
        from voice_server.stores.redis_link import RedisLink  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"store.url: Redis needs the package {error.name}, which is not installed; "
            "install voice-server with the extra redis, or unset it"
        ) from None
    return RedisLink, check_at_start
