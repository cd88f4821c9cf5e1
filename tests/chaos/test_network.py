"""Whatever the network does, every frame spoken is in one final, and no event is missing."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from tests.chaos import troubles
from tests.chaos.talker import Talker
from tests.support.counting_server import CountingServer
from tests.support.fault_proxy import fault_proxy

pytestmark = pytest.mark.socket

SECONDS = 2.5
"""Of talk per test."""


@pytest.fixture(scope="module")
def server() -> Iterator[CountingServer]:
    """A server that counts what it hears."""
    with CountingServer() as server:
        yield server


@pytest.mark.parametrize("trouble", troubles.ALL, ids=lambda trouble: str(trouble.__name__))
async def test_nothing_is_lost_doubled_or_passed_over(
    server: CountingServer, trouble: troubles.Trouble
) -> None:
    async with fault_proxy(server.port) as proxy:
        talk = asyncio.create_task(Talker(f"http://127.0.0.1:{proxy.port}").talk(SECONDS))
        chance = random.Random(1)
        maker = asyncio.create_task(troubles.make_trouble(proxy, chance, [trouble]))
        await asyncio.wait({talk, maker}, timeout=SECONDS)
        maker.cancel()
        await asyncio.gather(maker, return_exceptions=True)
        account = await talk
    assert (account.lost, account.doubled, account.gaps, account.afresh) == ("", "", 0, 0)
    assert account.resumed or trouble is troubles.be_slow
