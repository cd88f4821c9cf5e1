"""What can happen to a network, one thing at a time, at random moments."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence

from tests.support.fault_proxy import FaultProxy, Faults

Trouble = Callable[[FaultProxy, random.Random], Awaitable[None]]

CALM_S = (0.1, 0.5)
"""How long the network behaves between two troubles."""


async def reset(proxy: FaultProxy, chance: random.Random) -> None:
    """Every connection breaks at once."""
    proxy.reset()


async def go_silent(proxy: FaultProxy, chance: random.Random) -> None:
    """Nothing arrives any more, on either side; then the connection breaks."""
    proxy.faults.swallows = True
    try:
        await asyncio.sleep(chance.uniform(0.1, 0.6))
    finally:
        proxy.reset()  # what was swallowed is missing for good
        proxy.faults.swallows = False


async def cut(proxy: FaultProxy, chance: random.Random) -> None:
    """The connection breaks in the middle of a message to the client."""
    proxy.faults.cut_after_bytes = chance.randrange(1, 3000)


async def crumble(proxy: FaultProxy, chance: random.Random) -> None:
    """Every byte travels alone for a while, and then the connection breaks."""
    proxy.faults.slice_bytes = 1
    await asyncio.sleep(chance.uniform(0.1, 0.3))
    proxy.reset()
    proxy.faults.slice_bytes = None


async def be_slow(proxy: FaultProxy, chance: random.Random) -> None:
    """Everything is late for a while."""
    proxy.faults.latency_s = chance.uniform(0.02, 0.15)
    await asyncio.sleep(chance.uniform(0.2, 0.6))
    proxy.faults.latency_s = 0.0


async def be_away(proxy: FaultProxy, chance: random.Random) -> None:
    """The connection breaks, and for a while nobody gets another."""
    proxy.faults.refuses = True
    proxy.reset()
    await asyncio.sleep(chance.uniform(0.1, 0.8))
    proxy.faults.refuses = False


ALL: tuple[Trouble, ...] = (reset, go_silent, cut, crumble, be_slow, be_away)


async def make_trouble(
    proxy: FaultProxy, chance: random.Random, troubles: Sequence[Trouble]
) -> None:
    """One after the other, until cancelled; then the network behaves again."""
    try:
        while True:
            await asyncio.sleep(chance.uniform(*CALM_S))
            await chance.choice(troubles)(proxy, chance)
    finally:
        proxy.faults = Faults()
