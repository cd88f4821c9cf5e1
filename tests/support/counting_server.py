"""The real server with a recogniser that reads numbers; settings are given as on the command line.

Run as a module it is that server; imported, it starts one.
"""

import asyncio
import dataclasses
import sys

from tests.support.numbered import NumberReader
from tests.support.server import ServerProcess
from voice_server.app import serve
from voice_server.engines import load_engines
from voice_server.settings import load

BASIS = (
    "asr.engine=scripted",
    "llm.engine=scripted",
    "tts.engine=scripted",
    "tts.scripted.char_ms=20",
    "turn.mode=manual",
    "turn.speech_ms_min=0",
    "turn.interrupt=off",
    "models.offline=true",
    "server.drain_s=2",
)


class CountingServer(ServerProcess):
    """A context manager, like every server process."""

    def __init__(self, *assignments: str, port: int = 0) -> None:
        super().__init__(port=port)
        words = (*BASIS, f"server.port={port}", *assignments)
        self._command = [sys.executable, "-m", __name__, *words]


async def main(assignments: list[str]) -> None:
    """Serve until SIGTERM."""
    settings = load(None, assignments)
    engines = await load_engines(settings)
    await serve(settings, dataclasses.replace(engines, recognizer=NumberReader()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
