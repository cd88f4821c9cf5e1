"""A Redis is looked at before it is relied on."""

import logging
import re

import pytest

from tests.support.redis_server import RedisServer, redis_server, shipped_rules
from tests.support.server import ROOT
from voice_server.identity.store import StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, StoreSettings
from voice_server.stores.examination import (
    TRIAL,
    check_at_start,
    examine,
    judged,
    parsed,
    try_out,
)
from voice_server.stores.redis_link import RedisLink

pytestmark = pytest.mark.socket

__all__ = ["redis_server"]


def test_what_info_says_is_judged() -> None:
    info = parsed("# Server\r\nredis_version:7.0.15\r\n\r\naof_enabled:1\r\n")
    assert info == {"redis_version": "7.0.15", "aof_enabled": "1"}
    good = {**info, "aof_last_write_status": "ok", "maxmemory_policy": "noeviction"}
    assert judged(good).worries == []
    assert "appendonly yes" in judged({**good, "aof_enabled": "0"}).worries[0]
    assert "can write its file" in judged({**good, "aof_last_write_status": "err"}).worries[0]
    assert "noeviction" in judged({**good, "maxmemory_policy": "allkeys-lru"}).worries[0]
    assert len(judged({}).worries) == 1, "who says nothing is not believed to be durable"


async def test_a_good_one_passes_also_for_a_user_who_may_do_nothing_else(
    redis_server: RedisServer,
) -> None:
    settings = redis_server.patient(url=redis_server.confine(), durability="require")
    async with RedisLink(settings, Metrics()) as link:
        await check_at_start(link, settings)
        assert (await examine(link)).version.count(".") == 2
    assert redis_server.admin.keys() == [], "nothing of the trial is left"


async def test_one_that_forgets_is_spoken_of(caplog: pytest.LogCaptureFixture) -> None:
    with RedisServer(durable=False) as server:
        settings = server.patient()
        async with RedisLink(settings, Metrics()) as link:
            with caplog.at_level(logging.WARNING):
                await check_at_start(link, settings)
            assert "appendonly yes" in caplog.text
            with pytest.raises(SettingsError, match=r"^store\.durability: .*appendonly yes"):
                await check_at_start(link, server.patient(durability="require"))


async def test_r23_what_a_user_may_not_do_is_named(redis_server: RedisServer) -> None:
    rules = ("~vs:*", "+@all", "-zadd")
    settings = redis_server.patient(url=redis_server.confine(*rules))
    async with RedisLink(settings, Metrics()) as link:
        with pytest.raises(StoreUnavailable, match="refuses ZADD"):
            await try_out(link)


def test_s23_every_command_of_every_script_is_tried_out() -> None:
    scripts = "".join(path.read_text() for path in (ROOT / "voice_server/stores").glob("*.py"))
    used = set(re.findall(r"redis\.call\('(\w+)'", scripts))
    assert len(used) > 15
    assert used == set(re.findall(r"\{'([A-Z]+)'", TRIAL.lua))


async def test_r23_who_may_not_tell_others_is_said(redis_server: RedisServer) -> None:
    settings = redis_server.patient(url=redis_server.confine("~vs:*", "+@all", "resetchannels"))
    async with RedisLink(settings, Metrics()) as link:
        await try_out(link)
        with pytest.raises(StoreUnavailable, match="channels"):
            await examine(link)


async def test_one_that_is_not_there_may_come_later(
    tmp_path_factory: pytest.TempPathFactory, caplog: pytest.LogCaptureFixture
) -> None:
    settings = StoreSettings(url=f"unix://{tmp_path_factory.mktemp('none')}/redis.sock")
    async with RedisLink(settings, Metrics()) as link:
        with caplog.at_level(logging.WARNING):
            await check_at_start(link, settings)
    assert "redis.sock" in caplog.text


def test_s23_the_readme_gives_the_rules_that_are_shipped() -> None:
    readme = " ".join(
        (ROOT / "README.md").read_text().replace("\\\n", " ").replace("'", "").split()
    )
    assert " ".join(shipped_rules()) in readme
