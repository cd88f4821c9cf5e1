"""Too many speakers for the workers, in virtual time: what gives way, in which order, and what not.

First partials are dropped for newer ones, then they are asked for less often, then newcomers are
refused. Finals are never late, and when the crowd leaves all is as before.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from models.asr import Superseded
from models.load import LoadLimits
from models.scheduler import Outcome, Priority, Scheduler
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story

WORKERS = 2
DECODE_S = 0.03
INTERVAL_S = 0.3
UTTERANCE_S = 3.0
PAUSE_S = 1.0


class Slow:
    """A crew that takes 30 ms for a call, whatever is in it."""

    batch_max = 1

    def fits(self, first: str, other: str) -> bool:
        return True

    async def work(self, place: int, tasks: Sequence[str], *, timeout_s: float) -> Sequence[str]:
        del place, timeout_s
        await asyncio.sleep(DECODE_S)
        return tasks

    async def mend(self, place: int) -> None:
        """Nothing breaks."""

    async def close(self) -> None:
        """Nothing to end."""


@dataclass
class Crowd:
    """People who speak for three seconds, again and again."""

    scheduler: Scheduler
    finals_s: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)
    refusing: list[bool] = field(default_factory=list)

    async def decode(self, priority: Priority, key: str) -> None:
        await self.scheduler.submit(Slow(), key, priority=priority, key=key, deadline_s=10)

    async def partial(self, key: str) -> None:
        try:
            await self.decode(Priority.PARTIAL, key)
        except Superseded:
            return

    async def speak(self, name: int, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(name * 0.137 % 4)
        ends_s = loop.time() + seconds
        while loop.time() < ends_s:
            await self.say_something(str(name))
            await asyncio.sleep(PAUSE_S)

    async def say_something(self, key: str) -> None:
        loop = asyncio.get_running_loop()
        silence_s = loop.time() + UTTERANCE_S
        partials: list[asyncio.Task[None]] = []
        while loop.time() < silence_s:
            load = self.scheduler.load()
            self.intervals.append(load.stretch)
            self.refusing.append(load.full)
            partials.append(asyncio.create_task(self.partial(key)))
            await asyncio.sleep(INTERVAL_S * load.stretch)
        began_s = loop.time()
        await self.decode(Priority.FINAL, key)
        self.finals_s.append(loop.time() - began_s)
        await asyncio.gather(*partials)


CAPACITY = 48
"""People whom the workers can just serve: beyond, newcomers are refused."""
COMING_S, TALKING_S = 20.0, 60.0


@dataclass
class Offered(Crowd):
    """People who ask to be let in, come again when they are told to, and talk at no pace."""

    chance: random.Random = field(default_factory=lambda: random.Random(7))
    inside: int = 0
    refusals: int = 0

    async def come(self, name: int, at_s: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(at_s)
        while (load := self.scheduler.load()).full:
            self.refusals += 1
            await asyncio.sleep(load.retry_after_s * self.chance.uniform(1, 2))
        if loop.time() < TALKING_S:
            self.inside += 1
        while loop.time() < TALKING_S:
            await self.say_something(str(name))
            await asyncio.sleep(self.chance.uniform(0.5, 3))


async def offered(people: int) -> Offered:
    crowd = Offered(Scheduler(WORKERS, limits=LoadLimits()))
    await asyncio.gather(*(crowd.come(n, COMING_S * n / people) for n in range(people)))
    await crowd.scheduler.close()
    return crowd


async def crowd_of(people: int, seconds: float = 40) -> Crowd:
    crowd = Crowd(Scheduler(WORKERS, limits=LoadLimits()))
    await asyncio.gather(*(crowd.speak(name, seconds) for name in range(people)))
    return crowd


def p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


def test_a_few_speakers_are_served_at_full_pace() -> None:
    async def story() -> None:
        crowd = await crowd_of(8)
        assert max(crowd.intervals) < 1.5
        assert not any(crowd.refusing)
        assert p95(crowd.finals_s) < 2 * DECODE_S
        await crowd.scheduler.close()

    run_virtual(story())


def test_more_speakers_get_fewer_partials_and_finals_in_time() -> None:
    async def story() -> None:
        crowd = await crowd_of(24)
        assert 1.2 < p95(crowd.intervals) < LoadLimits().refuse_stretch
        assert not any(crowd.refusing)
        assert p95(crowd.finals_s) < 4 * DECODE_S
        await crowd.scheduler.close()

    run_virtual(story())


def test_too_many_are_refused_and_those_inside_hear_in_time() -> None:
    async def story() -> None:
        crowd = await crowd_of(96)
        assert any(crowd.refusing)
        assert p95(crowd.finals_s) < 0.5
        counts = crowd.scheduler.counts
        assert counts[Priority.FINAL, Outcome.EXPIRED] == 0
        assert counts[Priority.FINAL, Outcome.OVERLOADED] == 0
        await asyncio.sleep(20)
        load = crowd.scheduler.load()
        assert (load.stretch, load.full) == (1.0, False)
        await crowd.scheduler.close()

    run_virtual(story())


def test_three_times_as_many_hurt_nobody_inside() -> None:
    """L-02, P5: those who are let in hear their finals as soon as if nobody else had asked."""
    just_right = run_virtual(offered(CAPACITY))
    too_many = run_virtual(offered(3 * CAPACITY))
    assert just_right.inside == CAPACITY
    assert CAPACITY <= too_many.inside < 1.5 * CAPACITY
    assert too_many.refusals > CAPACITY
    assert p95(too_many.finals_s) <= 1.2 * p95(just_right.finals_s)
    assert len(too_many.finals_s) >= 0.95 * len(just_right.finals_s)
    finals = {
        out: n for (kind, out), n in too_many.scheduler.counts.items() if kind is Priority.FINAL
    }
    assert set(finals) == {Outcome.RAN}
