"""The talkers, a process of their own: an order on stdin, what they were shown on stdout.

Each frame has its time, set beforehand; a server that answers late is not spared the next sentence.
What comes too late because the server did not let us in counts against the server, for times are
those of the schedule; what comes too late because this process was not scheduled voids the block.
"""

import asyncio
import gc
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import aiohttp
import numpy as np
from wyoming.event import async_read_event, async_write_event

from audio import SAMPLE_RATE, Samples
from scripts.bench_peers.clips import load
from scripts.bench_peers.heard import Shown, Utterance
from scripts.bench_peers.orders import Block, Order, block_of, order_of, told
from scripts.bench_peers.wires import Wire
from scripts.bench_peers.wires.voice_server import VoiceServer
from scripts.bench_peers.wires.whisper_live import WhisperLive
from scripts.bench_peers.wires.whisper_livekit import WhisperLiveKit
from scripts.bench_peers.wires.wyoming import Wyoming
from voice_server.bench.load.process_meter import tree_cpu_s
from voice_server.bench.load.schedule import void_reason
from voice_server.bench.load.statistics import summary

HOST = "127.0.0.1"
CONNECT_S = 1.0
"""How long before its first frame a talker connects."""
ANSWER_S_MAX = 10.0
"""What comes later than that after the goodbye is not waited for."""

WIRES: dict[str, Callable[[Order], Wire | Wyoming]] = {
    "voice-server": lambda order: VoiceServer(),
    "whisper-live": lambda order: WhisperLive(order.options),
    "whisper-livekit": lambda order: WhisperLiveKit(),
    "wyoming": lambda order: Wyoming(),
}

Note = Callable[[Shown], None]


def run_block(order: Order) -> Block:
    """Have a fresh process do it. Raises `RuntimeError` with its last words if it fails."""
    command = [sys.executable, "-m", "scripts.bench_peers.talkers"]
    done = subprocess.run(command, input=told(order), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the talkers failed: {done.stderr.strip()[-800:]}")
    return block_of(done.stdout)


class Talkers:
    """All of them, for one block."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._samples = [load(clip.path) for clip in order.clips]
        self._late_ms: list[float] = []

    async def run(self) -> Block:
        """Speak, wait for the last answers, and read what it cost."""
        order = self._order
        cpu_s = tree_cpu_s(order.pid)
        began = time.monotonic() + CONNECT_S
        utterances = await asyncio.gather(
            *(self._say(began, *one) for one in plan(order, random.Random(order.seed)))
        )
        spoken = (order.clips[one.clip] for one in utterances)
        return Block(
            order.talkers,
            tree_cpu_s(order.pid) - cpu_s,
            sum(clip.ends_s - clip.begins_s for clip in spoken),
            summary(self._late_ms),
            void_reason(self._late_ms),
            list(utterances),
        )

    async def _say(self, began: float, number: int, at: float) -> Utterance:
        """One clip, its first sample at `at` seconds after the block's beginning."""
        due = began + at
        await asyncio.sleep(due - CONNECT_S - time.monotonic())
        shown: list[tuple[float, str, bool]] = []

        def note(one: Shown) -> None:
            if not shown or shown[-1][1:] != (one.text, one.final):
                shown.append((time.monotonic() - due, one.text, one.final))

        wire = WIRES[self._order.wire](self._order)
        audio = self._paced(due, self._samples[number], wire)
        try:
            if isinstance(wire, Wyoming):
                await _over_tcp(self._order.port, wire, audio, note)
            else:
                await _over_websocket(self._order.port, wire, audio, note)
        except (OSError, aiohttp.ClientError) as error:
            return Utterance(number, shown, f"{type(error).__name__}: {error}")
        return Utterance(number, shown)

    async def _paced(
        self, due: float, samples: Samples, wire: Wire | Wyoming
    ) -> AsyncIterator[Samples]:
        """Every frame when its last sample has been spoken, or as soon as possible after it."""
        size = wire.frame_ms * SAMPLE_RATE // 1000
        silence = np.zeros(int(wire.silence_s * SAMPLE_RATE), np.int16)
        whole = np.concatenate((samples, silence))
        for start in range(0, len(whole), size):
            at = due + min(len(whole), start + size) / SAMPLE_RATE
            ahead_s = at - time.monotonic()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
                self._late_ms.append(1000 * max(0.0, time.monotonic() - at))
            yield whole[start : start + size]


def plan(order: Order, dice: random.Random) -> list[tuple[int, float]]:
    """Who begins what when: the number of a clip, and seconds after the block's beginning."""
    phases = [dice.uniform(0, order.cycle_s) for _ in range(order.talkers)]
    first = min(phases)
    return [
        ((talker + cycle) % len(order.clips), cycle * order.cycle_s + phase - first)
        for cycle in range(order.cycles)
        for talker, phase in enumerate(phases)
    ]


async def _over_websocket(port: int, wire: Wire, audio: AsyncIterator[Samples], note: Note) -> None:
    url = f"ws://{HOST}:{port}{wire.path}"
    async with aiohttp.ClientSession() as http, http.ws_connect(url, max_msg_size=0) as ws:
        for message in wire.hello():
            await _send(ws, message)
        while not wire.is_ready((await ws.receive()).data):
            pass
        reading = asyncio.create_task(_read(ws, wire, note))
        async for samples in audio:
            await _send(ws, wire.audio(samples))
        for message in wire.goodbye():
            await _send(ws, message)
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, ANSWER_S_MAX)


async def _read(ws: aiohttp.ClientWebSocketResponse, wire: Wire, note: Note) -> None:
    async for message in ws:
        shown = wire.take(message.data)
        if shown is not None:
            note(shown)
            if shown.last:
                return


async def _send(ws: aiohttp.ClientWebSocketResponse, message: str | bytes) -> None:
    if isinstance(message, str):
        await ws.send_str(message)
    else:
        await ws.send_bytes(message)


async def _over_tcp(port: int, wire: Wyoming, audio: AsyncIterator[Samples], note: Note) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        for event in wire.hello():
            await async_write_event(event, writer)
        async for samples in audio:
            await async_write_event(wire.audio(samples), writer)
        for event in wire.goodbye():
            await async_write_event(event, writer)
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_S_MAX):
                while answer := await async_read_event(reader):
                    if (shown := wire.take(answer)) is not None:
                        note(shown)
                        break
    finally:
        writer.close()


def main() -> None:
    """Do what stdin says."""
    talkers = Talkers(order_of(sys.stdin.read()))
    gc.freeze()
    sys.stdout.write(told(asyncio.run(talkers.run())))


if __name__ == "__main__":
    main()
