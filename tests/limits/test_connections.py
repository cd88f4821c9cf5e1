"""Limits that hold before anybody has said anything: how many come, how long they hesitate."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from tests.support.raw_frames import PING, frame, handshake, request
from tests.support.scrape import scrape, scrape_until, scrape_when_alone
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import connected

pytestmark = pytest.mark.socket

HALF = request()[:-10]


def settings(**limits: str) -> list[str]:
    return [word for name, value in limits.items() for word in ("--set", f"limits.{name}={value}")]


def hits(limit: str) -> str:
    return f'voice_server_limit_hits_total{{limit="{limit}"}}'


@pytest.fixture(scope="module")
def hasty() -> Iterator[ServerProcess]:
    """A server that waits for nobody, and has few places."""
    limits = settings(
        header_timeout_s="0.5",
        keep_alive_s="1",
        connections_max="12",
        connections_local_max="8",
        head_bytes_max="8192",
        control_frames_per_s="5",
    )
    with ServerProcess(*SCRIPTED, *limits) as server:
        yield server


@asynccontextmanager
async def dialled(
    port: int, address: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, local_addr=(address, 0), ssl=tls
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def told(port: int, *sent: bytes) -> bytes:
    """What comes back until the server hangs up, if each of these is sent and then nothing."""
    async with dialled(port) as (reader, writer), asyncio.timeout(10):
        for data in sent:
            writer.write(data)
            await writer.drain()
        return await everything(reader)


async def everything(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


# Hesitating ----------------------------------------------------------------------------------


async def test_header_timeout(hasty: ServerProcess) -> None:
    """S-03, P8: nothing, half a head, half of a second one."""
    before = (await scrape(hasty.url)).get(hits("header_timeout"), 0)
    silent, half, second_half = await asyncio.gather(
        told(hasty.port), told(hasty.port, HALF), told(hasty.port, request() + HALF)
    )
    assert silent == b""
    assert half.startswith(b"HTTP/1.1 408 ")
    assert second_half.startswith(b"HTTP/1.1 200 ")
    after = await scrape(hasty.url)
    assert after[hits("header_timeout")] - before == 3


async def test_header_timeout_of_a_second_head(hasty: ServerProcess) -> None:
    async with dialled(hasty.port) as (reader, writer), asyncio.timeout(10):
        writer.write(request())
        await reader.readuntil(b'{"status": "alive"}')
        writer.write(HALF)
        assert (await reader.readline()).startswith(b"HTTP/1.1 408 ")


async def test_header_timeout_is_not_prolonged_by_crumbs(hasty: ServerProcess) -> None:
    async with dialled(hasty.port) as (reader, writer), asyncio.timeout(10):
        answer = asyncio.create_task(reader.readline())
        writer.write(b"GET / HTTP/1.1\r\nX: ")
        while not answer.done():
            writer.write(b"a")
            await asyncio.wait({answer}, timeout=0.05)
        assert (await answer).startswith(b"HTTP/1.1 408 ")


async def test_header_timeout_of_many_keeps_nobody_waiting(hasty: ServerProcess) -> None:
    """S-03."""
    async with AsyncExitStack() as stack:
        for _ in range(6):
            _, writer = await stack.enter_async_context(dialled(hasty.port, "127.0.0.9"))
            writer.write(HALF)
        async with connected(hasty.url) as client:
            await client.send("ping")
            await client.wait_for("pong")


async def test_keep_alive(hasty: ServerProcess) -> None:
    """An idle connection ends after a second, long after the time for a head is over."""
    answer = await told(hasty.port, request())
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"408" not in answer


async def test_a_handshake_of_tls_is_timed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    limits = settings(header_timeout_s="0.5", connections_local_max="2")
    with ServerProcess(*SCRIPTED, *limits, "--tls-self-signed") as server:
        tls = ssl.create_default_context(
            cafile=tmp_path / "voice-server" / "tls" / "self-signed.pem"
        )
        async with dialled(server.port) as (one, _), dialled(server.port) as (two, _):
            with pytest.raises(OSError):
                async with dialled(server.port, tls=tls):
                    pass
            assert await everything(one) == await everything(two) == b""
        async with dialled(server.port, tls=tls) as (reader, writer):
            writer.write(request(headers=[("Host", "localhost"), ("Connection", "close")]))
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")


# Too many ------------------------------------------------------------------------------------


async def test_connections_local(hasty: ServerProcess) -> None:
    await scrape_when_alone(hasty.url)
    async with AsyncExitStack() as stack:
        for _ in range(8):
            await stack.enter_async_context(dialled(hasty.port, "127.0.0.2"))
        async with dialled(hasty.port, "127.0.0.2") as (reader, _):
            assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
        async with dialled(hasty.port) as (reader, writer):
            writer.write(request())
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    counted = await scrape_when_alone(hasty.url)
    assert counted[hits("connections_local")] >= 1


async def test_connections(hasty: ServerProcess) -> None:
    await scrape_when_alone(hasty.url)
    async with AsyncExitStack() as stack:
        for number in range(12):
            address = f"127.0.0.{2 + number % 3}"
            await stack.enter_async_context(dialled(hasty.port, address))
        assert (await told(hasty.port)).startswith(b"HTTP/1.1 503 ")
    counted = await scrape_when_alone(hasty.url)
    assert counted[hits("connections")] >= 1


# Grammar, as far as it is counted ------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "sent"),
    [
        ("head_bytes", (b"GET / HTTP/1.1\r\nX: " + b"a" * 40_000,)),
        ("control_frames", (handshake(), frame(PING) * 200)),
    ],
)
async def test_head_bytes_and_control_frames(
    hasty: ServerProcess, limit: str, sent: tuple[bytes, ...]
) -> None:
    before = (await scrape(hasty.url)).get(hits(limit), 0)
    async with dialled(hasty.port) as (reader, writer):
        for data in sent:
            writer.write(data.replace(b"{port}", str(hasty.port).encode()))
            answer = await reader.readuntil(b"\r\n\r\n" if data == sent[0] else b"\x88")
            assert answer
        await scrape_until(hasty.url, lambda counted: counted.get(hits(limit), 0) == before + 1)
