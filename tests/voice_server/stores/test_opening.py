"""The link is there if it is asked for, and says what it lacks."""

import sys

import pytest

from tests.support.redis_server import RedisServer, redis_server
from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, StoreSettings
from voice_server.stores.opening import redis_link

pytestmark = pytest.mark.socket

__all__ = ["redis_server"]


async def test_without_a_url_there_is_none() -> None:
    async with redis_link(StoreSettings(), Metrics()) as link:
        assert link is None


async def test_with_a_url_it_is_open(redis_server: RedisServer) -> None:
    async with redis_link(redis_server.patient(durability="require"), Metrics()) as link:
        assert link is not None
        assert await link.ask("PING") == b"PONG"


async def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "voice_server.stores.redis_link")
    monkeypatch.delitem(sys.modules, "voice_server.stores.examination")
    monkeypatch.setitem(sys.modules, "redis.asyncio", None)
    with pytest.raises(SettingsError, match="with the extra redis"):
        async with redis_link(StoreSettings(url="redis://localhost"), Metrics()):
            pytest.fail("it cannot begin")
