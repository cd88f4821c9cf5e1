"""Runs every case against our server and against aiohttp alone, and writes CONFORMANCE.md.

Usage: scripts/conformance
"""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from itertools import groupby

import aiohttp

from tests.conformance.frames import frame_cases
from tests.conformance.handshakes import handshakes
from tests.conformance.requests import requests
from tests.support.probe import Case, outcome
from tests.support.raw_frames import PORT
from tests.support.server import ROOT, ServerProcess
from tests.support.servers import SCRIPTED
from voice_server.bench.load.bare_echo import bare_echo

FILE = ROOT / "CONFORMANCE.md"
CASES = (*handshakes(), *frame_cases(), *requests())
"""Of one group next to each other."""
AT_ONCE = 16

SETTINGS = {
    "limits.sessions_max": "1000",
    "limits.sessions_per_ip_max": "1000",
    "limits.arrivals_per_s_max": "1000",
    "limits.arrivals_per_s_local_max": "1000",
    "limits.hello_timeout_s": "60",
    "server.allowed_origins": '["https://kiosk.example"]',
}

HEAD = """# Conformance

Written by `scripts/conformance`, which sends {count} requests and streams of frames, byte by byte,
to a running server, and the same to aiohttp {version} with a bare echo behind it. A test does so
again and compares.

*alive*: a ping sent after it is answered. 1002 and its like are WebSocket close codes (RFC 6455,
7.4; 4029 is [ours](REFERENCE.md#errors)), three digits below 1000 the status of an HTTP answer.
The server listens on port 8080, without a key, and `https://kiosk.example` is an allowed origin;
the echo was told about neither.
"""


def our_server(*more: str) -> ServerProcess:
    """The server under test."""
    options = (word for item in SETTINGS.items() for word in ("--set", "=".join(item)))
    return ServerProcess(*SCRIPTED, *options, *more)


async def outcomes(port: int, tls: ssl.SSLContext | None = None) -> list[str]:
    """What every case leads to at this server, some of them at the same time."""
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case) -> str:
        async with turnstile:
            return await outcome(port, case, tls)

    return await asyncio.gather(*(one(case) for case in CASES))


def rendered(ours: Sequence[str], theirs: Sequence[str]) -> str:
    """CONFORMANCE.md."""
    rows = zip(CASES, ours, theirs, strict=True)
    head = HEAD.format(count=len(CASES), version=aiohttp.__version__)
    return "\n".join([head, *_tables(rows)])


def _tables(rows: Iterator[tuple[Case, str, str]]) -> Iterator[str]:
    for group, members in groupby(rows, lambda row: row[0].group):
        yield f"\n## {group}\n\n| what is sent | this server | aiohttp alone |\n|---|---|---|"
        for case, ours, theirs in members:
            name = case.name.replace(PORT, "8080").replace("|", "\\|")
            yield f"| `{name}` | {ours} | {theirs if theirs == ours else f'**{theirs}**'} |"
    yield ""


async def main() -> None:
    """Write the file."""
    with our_server() as server, bare_echo() as (bare_port, _):
        FILE.write_text(rendered(await outcomes(server.port), await outcomes(bare_port)))


if __name__ == "__main__":
    asyncio.run(main())
