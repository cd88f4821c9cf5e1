"""Clients that come, stay for a while or not, and go with a word or without; and what they cost."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.raw_socket import BINARY, FIN, MASKED, raw_socket
from tests.support.scrape import scrape_when_alone
from tests.support.server import ServerProcess
from tests.support.servers import SCRIPTED
from tests.support.voice_client import hello

AT_ONCE = 5
FRAME_BYTES = 65_000
"""Just below the largest message that is allowed."""
FORGET_PEAK = "5"
"""To Linux: the highest use of memory is to be measured from here on (proc_pid_clear_refs(5))."""
LIMITS = {
    "sessions_max": "1000",
    "sessions_per_ip_max": "1000",
    "connections_local_max": "1000",
    "arrivals_per_s_max": "10000",
    "arrivals_per_s_local_max": "10000",
    "resume_s": "0",
}


def hospitable(char_ms: int = 5) -> ServerProcess:
    """A server that refuses nobody, waits for nobody, and answers briefly, unless told to."""
    limits = (word for item in LIMITS.items() for word in ("--set", "limits." + "=".join(item)))
    return ServerProcess(*SCRIPTED, "--set", f"tts.scripted.char_ms={char_ms}", *limits)


def held(pid: int) -> tuple[int, int, int]:
    """Open files, threads, and bytes in memory, of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    files = len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return files, int(status["Threads"]), int(status["VmRSS"].split()[0]) * 1024


async def visit(port: int, chance: random.Random) -> None:
    """Come, stay for a while or not, and go with a word or without."""
    stay = chance.choice(("come", "greet", "ask", "listen"))
    async with raw_socket(port) as socket:
        if stay != "come":
            await socket.send_json(**hello())
            await socket.wait_for("ready")
        if stay in ("ask", "listen"):
            await socket.send_json(type="text", text="Hello.")
        if stay == "listen":
            await socket.wait_for("audio.started")
        if chance.random() < 0.5:
            socket.vanish()
        elif stay != "come":
            await socket.send_json(type="bye")
            await socket.close_code()


async def visits(server: ServerProcess, count: int) -> tuple[int, int, int]:
    """So many visits, and what is held when all are gone."""
    chance = random.Random(count)
    for _ in range(count // AT_ONCE):
        await asyncio.gather(*(visit(server.port, chance) for _ in range(AT_ONCE)))
    await scrape_when_alone(server.url)
    return held(server.process.pid)


async def bytes_per_guest(server: ServerProcess, count: int, *, talking: bool) -> float:
    """Memory per session while so many are there: silent, or each listening to a reply."""
    async with AsyncExitStack() as stack:
        *_, before = held(server.process.pid)
        for _ in range(count):
            socket = await stack.enter_async_context(raw_socket(server.port))
            await socket.send_json(**hello())
            await socket.wait_for("ready")
            if talking:
                await socket.send_json(type="text", text="Hello.")
                await socket.wait_for("audio.started")
        *_, during = held(server.process.pid)
    await scrape_when_alone(server.url)
    return (during - before) / count


async def peak_bytes_per_foe(server: ServerProcess, count: int) -> float:
    """Memory at its highest per client that asks for much, reads nothing and stops in mid-frame."""
    *_, before = held(server.process.pid)
    _forget_peak(server.process.pid)
    async with AsyncExitStack() as stack:
        for _ in range(count):
            socket = await stack.enter_async_context(raw_socket(server.port))
            await socket.send_json(**hello())
            await socket.wait_for("ready")
            await socket.send_json(type="text", text="Hello.")
            await socket.wait_for("audio.started")
            begun = bytes([FIN | BINARY, MASKED | 126]) + FRAME_BYTES.to_bytes(2, "big")
            await socket.send_bytes(begun + bytes(FRAME_BYTES - 1000))
        await scrape_when_alone(server.url)
    return (_peak_bytes(server.process.pid) - before) / count


def _forget_peak(pid: int) -> None:
    Path(f"/proc/{pid}/clear_refs").write_text(FORGET_PEAK)


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    return int(status["VmHWM"].split()[0]) * 1024
