"""The link is there if it is asked for, and says what it lacks."""

import sys
from pathlib import Path

import pytest

from tests.support.redis_server import RedisServer, redis_server
from voice_server.identity.revocations import RevocationFile
from voice_server.metrics import Metrics
from voice_server.settings import AuthSettings, SettingsError, StoreSettings
from voice_server.stores.opening import identity_store, redis_link

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


async def test_identities_are_kept_where_the_link_leads(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    auth = AuthSettings(revoked_file=tmp_path / "revoked")
    assert identity_store(None, auth) is None
    async with redis_link(redis_server.patient(), Metrics()) as link:
        store = identity_store(link, auth)
        assert store is not None
        await store.revoke("alice", 1.0)
        RevocationFile(tmp_path / "revoked").append("bob", 2.0)
        assert dict(await store.revocations()) == {"alice": 1.0, "bob": 2.0}
