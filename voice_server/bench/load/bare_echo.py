"""What aiohttp does on its own: an echo without precautions, as a process to compare with."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import WSMsgType, web


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send every message back."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
        elif message.type is WSMsgType.BINARY:
            await socket.send_bytes(message.data)
    return socket


async def alive(request: web.Request) -> web.Response:
    """Say so."""
    return web.json_response({"status": "alive"})


async def main() -> None:
    """Listen on a free port, print it, and serve until killed."""
    app = web.Application()
    app.router.add_get("/v1/voice", echo)
    app.router.add_get("/livez", alive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextmanager
def bare_echo() -> Iterator[tuple[int, int]]:
    """The process; yields its port and its process id."""
    command = [sys.executable, "-m", "voice_server.bench.load.bare_echo"]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process.pid
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
