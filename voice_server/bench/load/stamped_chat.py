"""A language-model server whose every token says when it was written, as a process.

The clock is the system's monotonic one, the same for all processes of a machine, so whoever reads a
token knows how long it was on its way.
"""

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import ClientSession, web

TOKENS = 200
INTERVAL_S = 0.02
STAMP = re.compile(r"t(\d+)")


def stamp() -> str:
    """A token: now, in microseconds."""
    return f" t{time.monotonic_ns() // 1000}"


def ages_ms(text: str, now_s: float) -> list[float]:
    """How old the tokens in `text` are at `now_s` of the monotonic clock."""
    return [1000 * now_s - int(microseconds) / 1000 for microseconds in STAMP.findall(text)]


async def chat(request: web.Request) -> web.StreamResponse:
    """Handle `POST /v1/chat/completions`: 50 tokens a second, by an absolute schedule."""
    await request.read()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in range(TOKENS):
        await asyncio.sleep(began + number * INTERVAL_S - clock())
        await response.write(_event({"delta": {"content": stamp()}}))
    await response.write(_event({"delta": {}, "finish_reason": "stop"}))
    await response.write(b"data: [DONE]\n\n")
    return response


def _event(choice: dict[str, object]) -> bytes:
    return b"data: " + json.dumps({"choices": [{"index": 0, **choice}]}).encode() + b"\n\n"


async def models(request: web.Request) -> web.Response:
    """Handle `GET /v1/models`."""
    return web.json_response({"object": "list", "data": [{"id": "stamped", "object": "model"}]})


async def direct_ages_ms(url: str) -> list[float]:
    """The same tokens read without a voice server between: what the way itself takes."""
    ages: list[float] = []
    loop = asyncio.get_running_loop()
    async with ClientSession() as session, session.post(f"{url}/chat/completions") as response:
        async for data in response.content.iter_any():
            ages += ages_ms(data.decode(), loop.time())
    return ages


async def main() -> None:
    """Listen on a free port, print it, and serve until killed."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/v1/models", models)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


@contextmanager
def stamped_chat() -> Iterator[str]:
    """The process; yields its base URL."""
    command = [sys.executable, "-m", "voice_server.bench.load.stamped_chat"]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
