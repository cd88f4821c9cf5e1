"""Named pipes, through which a test hears from the commands that a program starts."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

PATIENCE_S = 60.0


class NamedPipe:
    """The reading end."""

    def __init__(self, path: Path, reader: asyncio.StreamReader) -> None:
        self.path = path
        self._reader = reader

    async def line(self) -> str:
        """The next line."""
        async with asyncio.timeout(PATIENCE_S):
            return (await self._reader.readline()).decode().rstrip("\n")

    async def until(self, *wanted: str) -> list[str]:
        """Lines up to one of these."""
        lines = [await self.line()]
        while lines[-1] not in wanted:
            lines.append(await self.line())
        return lines

    async def closed(self) -> None:
        """Return when every process that had it open for writing has ended."""
        async with asyncio.timeout(PATIENCE_S):
            await self._reader.read()


@asynccontextmanager
async def named_pipe(path: Path, *, kept_open: bool = True) -> AsyncIterator[NamedPipe]:
    """A new one; `kept_open`: it does not end when a writer does."""
    os.mkfifo(path)
    way = os.O_RDWR if kept_open else os.O_RDONLY
    file = os.fdopen(os.open(path, way | os.O_NONBLOCK), "rb", 0)
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), file
    )
    try:
        yield NamedPipe(path, reader)
    finally:
        transport.close()
