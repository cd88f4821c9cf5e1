"""Does minute 60 of a session cost what minute 1 did? A process of its own, like the generator.

One group of sessions is fed an hour of microphone, with a question every ten seconds, as fast as
the server takes it: a server counts time in audio. Then both, the old group and one that has just
come, talk in turns at the pace of speech, and the server's processor time is read for each.
"""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audio import SAMPLE_RATE, Samples
from voice_server.bench.live import question
from voice_server.bench.load.generator import connect, encoded, hurry, taken_in
from voice_server.bench.load.line import Line
from voice_server.bench.load.orders import Order, decoded, told
from voice_server.bench.load.process_meter import tree_cpu_s, tree_resident_bytes
from voice_server.bench.load.schedule import FRAME_S, frames, void_reason
from voice_server.bench.load.websocket_bytes import BINARY, frame

CYCLE_S = 10
"""A question, and silence."""
AHEAD_S = 20
"""How much audio may be under way to the server."""
SETTLE_S = 1.0
TAKEN_S_MAX = 1800.0


@dataclass(frozen=True, slots=True)
class AgeOrder:
    """How old, and how often to compare. `order.seconds` is the length of one measurement."""

    order: Order
    minutes: float = 60.0
    rounds: int = 3


@dataclass(frozen=True, slots=True)
class AgeRound:
    """The same load on both groups, one after the other, in seconds of processor time."""

    young_cpu_s: float
    old_cpu_s: float
    void: str | None


@dataclass(frozen=True, slots=True)
class Aged:
    """What became of the sessions."""

    asked: AgeOrder
    young_bytes: int
    """Memory of the server after the first minute of the old group,"""
    old_bytes: int
    """and after the last."""
    rounds: list[AgeRound] = field(default_factory=list)


def run_ageing(asked: AgeOrder) -> Aged:
    """Have a fresh process do it. Raises `RuntimeError` with its last words if it fails."""
    command = [sys.executable, "-m", "voice_server.bench.load.ageing"]
    done = subprocess.run(command, input=told(asked), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-300:]}")
    return decoded(Aged, done.stdout)


class Ageing:
    """Both groups."""

    def __init__(self, asked: AgeOrder) -> None:
        self._asked = asked
        self._order = asked.order
        self._cycle = _cycle(asked.order.speech)

    async def run(self) -> Aged:
        """Age one group, then compare."""
        asked = self._asked
        old = await self._group()
        await self._feed(old, 0, 60)
        young_bytes = tree_resident_bytes(self._order.pid)
        await self._feed(old, 60, int(60 * asked.minutes))
        old_bytes = tree_resident_bytes(self._order.pid)
        rounds = [await self._round(old) for _ in range(asked.rounds)]
        _hang_up(old)
        return Aged(asked, young_bytes, old_bytes, rounds)

    async def _group(self) -> list[Line]:
        opened = [await connect(self._order) for _ in range(self._order.sessions)]
        return [line for line, _ in opened]

    async def _feed(self, lines: Sequence[Line], from_s: int, until_s: int) -> None:
        """Send audio a second at a time, never far ahead of what was taken in."""
        async with asyncio.timeout(TAKEN_S_MAX):
            for second in range(from_s, until_s):
                message = frame(BINARY, _second(self._cycle, second).tobytes())
                for line in lines:
                    line.send(message)
                await _all_taken_in(lines, second + 1 - AHEAD_S)
            await _all_taken_in(lines, until_s - 1)
        await asyncio.sleep(SETTLE_S)

    async def _round(self, old: Sequence[Line]) -> AgeRound:
        """Both are there all the time; one of them talks."""
        young = await self._group()
        young_s, late_young = await self._talk(young)
        old_s, late_old = await self._talk(old)
        gone = [line.refusal for line in (*young, *old) if line.refusal]
        _hang_up(young)
        await asyncio.sleep(SETTLE_S)
        void = void_reason(late_young + late_old) or (gone[0] if gone else None)
        return AgeRound(young_s, old_s, void)

    async def _talk(self, lines: Sequence[Line]) -> tuple[float, list[float]]:
        """The server's processor time, and how late we were, in milliseconds."""
        size, clock = int(FRAME_S * SAMPLE_RATE), asyncio.get_running_loop().time
        pieces = [self._cycle[at : at + size] for at in range(0, len(self._cycle), size)]
        messages = [encoded(piece, self._order) for piece in pieces]
        phases = [FRAME_S * n / len(lines) for n in range(len(lines))]
        began, cpu_s, late_ms = clock(), tree_cpu_s(self._order.pid), list[float]()
        for due_s, line, number in frames(phases, self._order.seconds):
            await asyncio.sleep(max(0.0, began + due_s - clock()))
            late_ms.append(max(0.0, 1000 * (clock() - began - due_s)))
            lines[line].send(messages[number % len(messages)])
        await asyncio.sleep(SETTLE_S)
        return tree_cpu_s(self._order.pid) - cpu_s, late_ms


async def _all_taken_in(lines: Sequence[Line], seconds: int) -> None:
    """Wait until the server has said of everybody that it has taken in so much."""
    for line in lines:
        while (taken_in(line) or 0) < seconds * SAMPLE_RATE and not line.refusal:  # noqa: ASYNC110
            await asyncio.sleep(FRAME_S)


def _cycle(speech: str) -> Samples:
    whole = np.zeros(CYCLE_S * SAMPLE_RATE, np.int16)
    samples, _, _ = question(speech)
    whole[: len(samples)] = samples[: len(whole)]
    return whole


def _second(cycle: Samples, second: int) -> Samples:
    start = second % CYCLE_S * SAMPLE_RATE
    return cycle[start : start + SAMPLE_RATE]


def _hang_up(lines: Sequence[Line]) -> None:
    for line in lines:
        line.close()


def main() -> None:
    """Do what stdin says."""
    hurry()
    ageing = Ageing(decoded(AgeOrder, sys.stdin.read()))
    gc.freeze()
    sys.stdout.write(told(asyncio.run(ageing.run())))


if __name__ == "__main__":
    main()
