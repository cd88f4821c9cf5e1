"""What aiohttp does on its own: an echo without precautions, as a process to compare with."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import WSMsgType, web

from tests.support.server import ROOT


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
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


@contextmanager
def bare_echo() -> Iterator[int]:
    """The process; yields its port."""
    command = [sys.executable, "-m", "tests.support.bare_echo"]
    with subprocess.Popen(
        command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
