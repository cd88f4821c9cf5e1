"""Several processes that share a store of calls, in virtual time; any of them may die."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tests.support.memory_calls import MemoryCalls
from tests.support.party import PaperLine, Party, known
from voice_server.bench.virtual_time import run_virtual

Settings = Mapping[str, Mapping[str, object]]


class Process(Party):
    """A party with a store of its own way."""

    def __init__(self, number: int, store: MemoryCalls, settings: Settings, **engines: Any) -> None:
        super().__init__(settings, calls=store, name=f"ses_p{number}", **engines)
        self.store = store
        self._all: list[PaperLine] = []

    async def connect(self, *arguments: Any, **opening: Any) -> PaperLine:
        """See `Party.connect`."""
        line = await super().connect(*arguments, **opening)
        self._all.append(line)
        return line

    def freeze(self) -> None:
        """Nothing leaves it, and nothing reaches it."""
        self.store.broken = True
        for line in self._all:
            line.go_deaf()

    async def die(self) -> None:
        """Like a process that is killed: nobody hears of it but by a line that is cut."""
        self.store.broken = True
        for line in self._all:
            line.cut()
        self.operator.abort()
        await self.operator.idle()


class Processes:
    """All of them."""

    def __init__(self, settings: Settings, **engines: Any) -> None:
        self._settings = settings
        self._engines = engines
        self.shared = MemoryCalls()
        self.all: list[Process] = []

    def start(self) -> Process:
        """Another one."""
        store = MemoryCalls(self.shared)
        process = Process(len(self.all), store, self._settings, **self._engines)
        self.all.append(process)
        return process


async def move(line: PaperLine, to: Party, **resume: object) -> PaperLine:
    """Ask another process for the session of a line; as an honest client would."""
    texts = (event["sn"] for event in line.events if "sn" in event and event["type"] != "audio")
    seen = known(line)
    last_text = max([*texts, line.all("ready")[-1]["resume"].get("replay_from", 1) - 1])
    return await to.connect(resume={**seen, "last_text_sn": last_text, **resume})


def tell_of_processes(
    plot: Callable[[Processes], Awaitable[None]], settings: Settings | None = None, **engines: Any
) -> None:
    """Play a story from beginning to end. No task may be left."""

    async def play() -> None:
        before = asyncio.all_tasks()
        processes = Processes(settings or {}, **engines)
        await plot(processes)
        for process in processes.all:
            await process.close()
        for _ in range(4):
            await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before, "tasks outlive their calls"

    run_virtual(play())
