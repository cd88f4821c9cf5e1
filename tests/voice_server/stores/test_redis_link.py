"""The link to a real Redis: it answers, or fails soon, and knows when to leave Redis alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest

from tests.support.redis_server import PASSWORD, RedisServer, redis_server
from tests.support.store_clock import HandClock
from voice_server.door.certificate import self_signed
from voice_server.identity.store import StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import SettingsError, StoreSettings
from voice_server.stores.redis_link import RedisLink
from voice_server.stores.script import Script

pytestmark = pytest.mark.socket

__all__ = ["redis_server"]

ECHO = Script("echo", "return {KEYS[1], ARGV[1], 7, false}")
COUNT = Script("count", "return redis.call('INCR', KEYS[1])")


@pytest.fixture
async def link(redis_server: RedisServer) -> AsyncIterator[RedisLink]:
    async with RedisLink(redis_server.patient(), Metrics()) as link:
        yield link


def _value(metrics: Metrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(f"voice_server_{name}", labels) or 0.0


async def test_a_script_sees_its_keys_below_our_prefix(link: RedisLink) -> None:
    assert await link.run(ECHO, ["one"], [b"\xff"]) == [b"vs:one", b"\xff", 7, None]


async def test_a_redis_that_has_forgotten_a_script_learns_it_again(
    link: RedisLink, redis_server: RedisServer
) -> None:
    assert await link.run(COUNT, ["c"]) == 1
    redis_server.admin.script_flush()
    assert await link.run(COUNT, ["c"]) == 2


async def test_steps_beyond_the_connections_wait_for_one(redis_server: RedisServer) -> None:
    settings = redis_server.patient(connections_max=2)
    async with RedisLink(settings, Metrics()) as link:
        counts = await asyncio.gather(*(link.run(COUNT, ["c"]) for _ in range(50)))
    assert {str(count) for count in counts} == {str(number) for number in range(1, 51)}
    assert redis_server.admin.info("stats")["total_connections_received"] <= 4


async def test_who_finds_no_connection_free_is_told(redis_server: RedisServer) -> None:
    metrics = Metrics()
    settings = redis_server.patient(connections_max=1, timeout_ms=50)
    async with RedisLink(settings, metrics) as link:
        redis_server.freeze()
        steps = (link.run(COUNT, ["c"]) for _ in range(3))
        ends = await asyncio.gather(*steps, return_exceptions=True)
    assert [type(end) for end in ends] == [StoreUnavailable] * 3
    assert _value(metrics, "limit_hits_total", limit="store_connections") >= 1


async def test_r21_a_frozen_redis_is_left_alone_after_some_failures_and_tried_again(
    redis_server: RedisServer,
) -> None:
    clock, metrics = HandClock(), Metrics()
    settings = redis_server.patient(timeout_ms=100)
    async with RedisLink(settings, metrics, clock) as link:
        redis_server.freeze()
        for _ in range(settings.breaker_failures_max):
            with pytest.raises(StoreUnavailable, match=r"no answer in time|Timeout"):
                await link.run(COUNT, ["c"])
        assert link.resting
        redis_server.thaw()
        with pytest.raises(StoreUnavailable, match="left alone"):
            await link.run(COUNT, ["c"])
        assert _value(metrics, "store_resting") == 1
        assert _value(metrics, "store_failures_total", step="count", how="silent") == 5
        while _value(metrics, "store_resting"):  # a trial may come too early for a busy machine
            clock.now += settings.breaker_rest_s
            with suppress(StoreUnavailable):
                await link.run(COUNT, ["c"])
        assert isinstance(await link.run(COUNT, ["c"]), int)


async def test_r19_a_redis_that_was_killed_is_spoken_to_again_when_it_is_back(
    link: RedisLink, redis_server: RedisServer
) -> None:
    assert await link.run(COUNT, ["c"]) == 1
    redis_server.kill()
    with pytest.raises(StoreUnavailable):
        await link.run(COUNT, ["c"])
    redis_server.start()
    assert await link.run(COUNT, ["c"]) == 2, "it had appended the first to its file"


async def test_r23_a_redis_without_room_refuses_and_still_answers(
    redis_server: RedisServer,
) -> None:
    metrics = Metrics()
    redis_server.admin.config_set("maxmemory", 1)
    async with RedisLink(redis_server.patient(), metrics) as link:
        for _ in range(9):
            with pytest.raises(StoreUnavailable, match="maxmemory"):
                await link.run(COUNT, ["c"])
        assert not link.resting
        assert await link.run(ECHO, ["one"], [1]) is not None
    assert _value(metrics, "store_failures_total", step="count", how="refused") == 9


@pytest.mark.parametrize("command", [["FLUSHALL"], ["KEYS", "*"], ["GET", "foreign"], ["SCAN", 0]])
async def test_s23_our_user_can_touch_nothing_else(
    redis_server: RedisServer, command: list[str]
) -> None:
    settings = redis_server.patient(url=redis_server.confine())
    async with RedisLink(settings, Metrics()) as link:
        with pytest.raises(StoreUnavailable, match="no permissions"):
            await link.ask(*command)
        assert await link.run(COUNT, ["c"]) == 1


async def test_a_wrong_password_is_said(redis_server: RedisServer) -> None:
    url = redis_server.confine()
    async with RedisLink(redis_server.patient(url=url.replace(PASSWORD, "x")), Metrics()) as link:
        with pytest.raises(StoreUnavailable, match="invalid username-password pair") as caught:
            await link.run(COUNT, ["c"])
    assert PASSWORD not in str(caught.value)


async def test_the_password_may_lie_in_a_file(redis_server: RedisServer, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(f"{PASSWORD}\n")
    url = redis_server.confine().replace(f":{PASSWORD}", "")
    settings = redis_server.patient(url=url, password_file=file)
    async with RedisLink(settings, Metrics()) as link:
        assert await link.run(COUNT, ["c"]) == 1
    file.unlink()
    with pytest.raises(SettingsError, match=r"store\.password_file"):
        RedisLink(settings, Metrics())


async def test_what_is_published_is_heard(link: RedisLink) -> None:
    async with aclosing(link.subscribe("news")) as news:
        assert await anext(news) == b""
        await link.publish("news", "alice")
        assert await anext(news) == b"alice"


async def test_who_listens_to_a_redis_that_dies_is_told(
    link: RedisLink, redis_server: RedisServer
) -> None:
    async with aclosing(link.subscribe("news")) as news:
        assert await anext(news) == b""
        redis_server.kill()
        with pytest.raises(StoreUnavailable):
            await anext(news)


async def test_who_listens_to_a_frozen_redis_is_told(
    link: RedisLink, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voice_server.stores.redis_link.LISTEN_S", 0.02)
    async with aclosing(link.subscribe("news")) as news:
        assert await anext(news) == b""
        redis_server.freeze()
        with pytest.raises(StoreUnavailable, match="does not answer whoever listens"):
            await anext(news)


async def test_a_trial_that_is_given_up_leaves_it_to_the_next(redis_server: RedisServer) -> None:
    clock = HandClock()
    settings = redis_server.patient(breaker_failures_max=1)
    redis_server.kill()
    async with RedisLink(settings, Metrics(), clock) as link:
        with pytest.raises(StoreUnavailable):
            await link.run(COUNT, ["c"])
        redis_server.start()
        clock.now += settings.breaker_rest_s
        redis_server.freeze()
        trial = asyncio.create_task(link.run(COUNT, ["c"]))
        await asyncio.sleep(0)
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        redis_server.thaw()
        assert link.resting
        assert await link.run(COUNT, ["other"]) == 1


async def test_tcp_is_spoken_too(redis_server: RedisServer) -> None:
    async with RedisLink(redis_server.patient(url=redis_server.tcp_url), Metrics()) as link:
        assert await link.run(COUNT, ["c"]) == 1


async def test_tls_is_spoken_to_who_shows_the_right_certificate(tmp_path: Path) -> None:
    files = self_signed(tmp_path, ["127.0.0.1"])
    others = self_signed(tmp_path / "others", ["127.0.0.1"])
    shown = ("--tls-cert-file", str(files.cert), "--tls-key-file", str(files.key))
    with RedisServer(*shown, "--tls-auth-clients", "no", tls=True) as server:
        trusting = server.patient(url=server.tls_url, ca_file=files.cert)
        async with RedisLink(trusting, Metrics()) as link:
            assert await link.run(COUNT, ["c"]) == 1
        wary = server.patient(url=server.tls_url, ca_file=others.cert)
        async with RedisLink(wary, Metrics()) as link:
            with pytest.raises(StoreUnavailable, match="certificate verify failed"):
                await link.run(COUNT, ["c"])


async def test_a_missing_file_of_certificates_is_named(tmp_path: Path) -> None:
    settings = StoreSettings(url="rediss://localhost", ca_file=tmp_path / "none.pem")
    with pytest.raises(SettingsError, match=r"store\.ca_file: there is no"):
        RedisLink(settings, Metrics())
