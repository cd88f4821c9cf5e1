"""Does anything of a cancelled reply leave after its cancellation? Tried at random moments.

One session, simulated time, scripted engines, no microphone: ask, wait a random moment, cancel (or
ask something else, which cancels too), wait until all is quiet, count what came.
"""

import asyncio
from dataclasses import dataclass

import numpy as np

from audio.silero import SileroModel
from models.scheduler import Scheduler
from models.scripted import ScriptedChat, ScriptedRecognizer, ScriptedSynthesizer
from voice_server import events as ev
from voice_server.bench.virtual_time import VirtualTimeLoop
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.engines import Engines
from voice_server.metrics import Metrics
from voice_server.settings import Settings

MOMENT_S_MAX = 2.5
PER_SESSION = 200
"""Then a new session, so that none grows old."""


@dataclass(slots=True)
class Cancelled:
    """What was counted."""

    cancels: int = 0
    during_audio: int = 0
    """Replies stopped after their first audio and before the last; one trial may stop two."""
    late_bytes: int = 0
    """Audio of a reply after it was stopped."""


def try_cancels(count: int, seed: int, silero: SileroModel) -> Cancelled:
    """Cancel `count` replies at random moments."""
    rng = np.random.default_rng(seed)
    counted = Cancelled()
    while counted.cancels < count:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            few = min(PER_SESSION, count - counted.cancels)
            runner.run(_Trial(counted, rng, silero).hold(few))
    return counted


class _Trial:
    """One session whose replies are cancelled one after another."""

    def __init__(self, counted: Cancelled, rng: np.random.Generator, silero: SileroModel) -> None:
        self._counted = counted
        self._rng = rng
        self._silero = silero
        self._stopped: set[int] = set()
        self._sent: dict[int, int] = {}

    async def hold(self, count: int) -> None:
        engines = Engines(
            ScriptedRecognizer(), ScriptedChat(), ScriptedSynthesizer(), (), Scheduler(1)
        )
        house = House(Settings(), engines, self._silero, Metrics())
        session = Session("cancels", ev.SessionOptions(), house, self._emit)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(session.run())
            for _ in range(count):
                await self._cancel_one(session)
            await session.inbox.deliver(ev.SessionEnded())

    async def _cancel_one(self, session: Session) -> None:
        await session.inbox.deliver(ev.TextReceived("Tell me."))
        await asyncio.sleep(self._rng.uniform(0, MOMENT_S_MAX))
        if self._rng.random() < 0.8:
            await session.inbox.deliver(ev.ReplyCancelled())
        else:
            await session.inbox.deliver(ev.TextReceived("Something else."))
            await asyncio.sleep(self._rng.uniform(0, 0.3))
            await session.inbox.deliver(ev.ReplyCancelled())
        await asyncio.sleep(self._rng.uniform(0, 1.0))
        self._counted.cancels += 1

    def _emit(self, event: ev.ServerEvent) -> None:
        match event:
            case ev.AudioFrame(stream, _, samples):
                self._sent[stream] = self._sent.get(stream, 0) + samples.nbytes
                if stream in self._stopped:
                    self._counted.late_bytes += samples.nbytes
            case ev.PlaybackStopped(stream):
                self._stopped.add(stream)
                self._counted.during_audio += self._sent.get(stream, 0) > 0
            case _:
                pass
