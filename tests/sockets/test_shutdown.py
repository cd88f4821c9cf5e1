"""SIGTERM: what is being said may end, everyone is told, and the process leaves in good order."""

import asyncio
import signal
import socket
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack

import aiohttp
import pytest

from tests.support.raw_frames import BINARY, frame
from tests.support.raw_socket import raw_socket
from tests.support.server import COMMAND, ENGINES, ROOT, STOP_S, ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected

pytestmark = pytest.mark.socket

LONG = ("--set", "llm.scripted.texts=['" + "On and on it goes. " * 60 + "']")
"""More than a minute of humming."""


def assert_left_in_good_order(server: ServerProcess, status: int) -> None:
    assert status == 0, server.log
    assert "Traceback" not in server.log
    assert "ERROR" not in server.log


def options(*settings: str) -> Sequence[str]:
    return [*SCRIPTED, *(word for setting in settings for word in ("--set", setting))]


async def test_a_reply_may_end_and_everyone_is_told() -> None:
    with ServerProcess(*options()) as server:
        async with connected(server.url) as talking, connected(server.url) as idle:
            await talking.send("text", text="Hello.")
            await talking.wait_for("audio.started")
            stopped = asyncio.create_task(asyncio.to_thread(server.stop))
            told = await idle.wait_for("going_away")
            assert await idle.closed() == 1001
            await nobody_new_is_let_in(server)
            done = await talking.wait_for("response.done")
            await talking.wait_for("going_away")
            assert await talking.closed() == 1001
            status = await stopped
    assert told["reason"] == "drain"
    assert told["reconnect_in_ms"] > 0
    assert done["status"] == "completed"
    assert_left_in_good_order(server, status)


async def nobody_new_is_let_in(server: ServerProcess) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{server.url}readyz") as response:
            assert response.status == 503
            assert (await response.json())["status"] == "draining"
        async with http.get(f"{server.url}v1/voice") as response:
            assert response.status == 503
            assert (await response.json())["error"]["code"] == "no_capacity"
        async with http.get(f"{server.url}livez") as response:
            assert response.status == 200


async def test_nobody_is_waited_for_beyond_the_limit() -> None:
    """One who listens to a long story, one who said no hello, one who does not read at all."""
    with ServerProcess(*options("server.drain_s=0.5"), *LONG) as server:
        async with (
            connected(server.url) as talking,
            connected(server.url, greet=False),
            raw_socket(server.port) as deaf,
        ):
            await deaf.send_json(type="hello")
            await deaf.send_json(type="text", text="Hello.")
            await talking.send("text", text="Hello.")
            await talking.wait_for("audio.started")
            status = await asyncio.to_thread(server.stop)
            await talking.closed()
    assert_left_in_good_order(server, status)


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
async def test_asked_twice_it_hurries(again: signal.Signals) -> None:
    with ServerProcess(*options("server.drain_s=600"), *LONG) as server:
        async with connected(server.url) as talking, connected(server.url) as idle:
            await talking.send("text", text="Hello.")
            await talking.wait_for("audio.started")
            server.process.send_signal(signal.SIGTERM)
            await idle.wait_for("going_away")
            status = await asyncio.to_thread(server.stop, again)
            await talking.closed()
    assert_left_in_good_order(server, status)


def test_control_c_while_starting_is_quiet() -> None:
    command = [*COMMAND, "--port", "0", *ENGINES]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=STOP_S)
    assert process.returncode == 130
    assert "Traceback" not in log


def test_control_c_is_as_good() -> None:
    with ServerProcess(*options()) as server:
        status = server.stop(signal.SIGINT)
    assert_left_in_good_order(server, status)


@pytest.mark.parametrize("engines", [ENGINES, ("--offline", "--asr", "pocketsphinx")])
def test_asked_to_leave_while_starting_it_leaves_with_status_0(engines: Sequence[str]) -> None:
    command = [*COMMAND, "--port", "0", *engines, "--llm", "offline", "--tts", "espeak"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        process.stderr.readline()  # the first engine is there
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=STOP_S)
    assert process.returncode == 0
    assert "Traceback" not in log


async def test_stuck_connections_of_all_kinds_are_not_waited_for() -> None:
    """Nothing said, half a request, an answer that nobody reads, a frame that never ends."""
    with ServerProcess(*options("server.drain_s=0.5", "limits.header_timeout_s=60")) as server:
        async with AsyncExitStack() as stack:
            for sent in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200):
                plain = socket.create_connection(("127.0.0.1", server.port))
                stack.enter_context(plain)
                plain.sendall(sent)
            stuck = await stack.enter_async_context(raw_socket(server.port))
            await stuck.send_json(type="hello")
            await stuck.wait_for("ready")
            await stuck.send_bytes(frame(BINARY, announced=60_000)[:20])
            status = await asyncio.to_thread(server.stop)
    assert_left_in_good_order(server, status)
