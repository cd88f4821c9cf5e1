"""Lines that are slow, crumble, or are dead without anybody knowing."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from tests.chaos import troubles
from tests.support.fault_proxy import fault_proxy
from tests.support.scrape import scrape_until
from tests.support.server import ServerProcess
from tests.support.servers import BRISK, SCRIPTED
from tests.support.voice_client import FEATURES, connected, hello
from voice_server.settings import LimitSettings

pytestmark = pytest.mark.socket

OPENING = hello(framing="framed", features=(*FEATURES, "resume"))
DEAD_AFTER_S_MAX = 22.5


@pytest.fixture(scope="module")
def watchful() -> Iterator[ServerProcess]:
    """A server that looks often whether its clients are still there."""
    with ServerProcess(*SCRIPTED, *BRISK, "--set", "limits.ping_interval_s=0.5") as server:
        yield server


async def test_a_client_that_is_gone_without_a_word_is_found_out(watchful: ServerProcess) -> None:
    """R-06: its session is kept, and what it missed."""
    async with fault_proxy(watchful.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}/"
        async with connected(url, OPENING) as first:
            proxy.faults.swallows = True
            await scrape_until(watchful.url, lambda told: told["voice_server_detached"] == 1)
            proxy.faults.swallows = False
            (ready,) = first.events("ready")
            last = max(arrival.event.get("sn", 0) for arrival in first.log)
            resume = {
                "session": ready["session"],
                "token": ready["resume"]["token"],
                "last_sn": last,
            }
            async with connected(url, {**OPENING, "resume": resume}) as second:
                assert second.events("ready")[0]["resumed"] is True
                await second.send("text", text="Hello.")
                done = await second.wait_for("response.done")
    assert done["status"] == "completed"


def test_with_the_default_it_is_found_out_in_time() -> None:
    """aiohttp waits half an interval for the answer to its ping."""
    assert 1.5 * LimitSettings().ping_interval_s <= DEAD_AFTER_S_MAX


async def test_a_slow_line_in_crumbs_is_no_error(watchful: ServerProcess) -> None:
    """R-08: a turn, and one that is stopped, of which nothing follows."""
    async with fault_proxy(watchful.port) as proxy:
        proxy.faults.slice_bytes = 61
        slow = troubles.make_trouble(proxy, random.Random(1), [troubles.be_slow])
        slowing = asyncio.create_task(slow)
        async with connected(f"http://127.0.0.1:{proxy.port}/", OPENING) as client:
            await client.send("text", text="Hello.")
            await client.wait_for("response.done")
            await client.send("text", text="Hello again.")
            started = await client.wait_for("audio.started", lambda event: event["stream"] == 2)
            await client.send("cancel")
            await client.wait_for("response.done")
            await client.send("ping")
            await client.wait_for("pong")
        slowing.cancel()
        await asyncio.gather(slowing, return_exceptions=True)
    assert client.events("error") == []
    order = [arrival.event["type"] for arrival in client.log]
    streams = [arrival.event.get("stream") for arrival in client.log]
    stop = order.index("playback.stop")
    assert (started["stream"], "audio") not in list(zip(streams, order, strict=True))[stop:]
