"""A process that may open few files says so, keeps serving, and recovers."""

import asyncio
import sys
from contextlib import AsyncExitStack

import pytest

from tests.support.scrape import scrape_when_alone
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit"),
]

FILES = 96
CALLERS = 150


async def test_more_callers_than_files() -> None:
    with ServerProcess(*SCRIPTED, files_max=FILES) as server:
        async with AsyncExitStack() as stack:
            callers = []
            for number in range(CALLERS):
                local = (f"127.0.1.{1 + number % 50}", 0)
                callers.append(
                    await asyncio.open_connection("127.0.0.1", server.port, local_addr=local)
                )
                stack.callback(callers[-1][1].transport.abort)
            last, _ = callers[-1]
            assert (await last.readline()).startswith(b"HTTP/1.1 503 ")
        counted = await scrape_when_alone(server.url)
        async with connected(server.url) as client:
            await client.send("text", text="Hello.")
            await client.wait_for("response.done")
    assert counted['voice_server_limit_hits_total{limit="connections"}'] > 0
    assert f"may open {FILES} files" in server.log
    assert "Traceback" not in server.log
