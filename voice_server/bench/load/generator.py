"""The load generator, a process of its own: an order on stdin, what was measured on stdout.

It opens the sessions at their times, sends every frame by the absolute schedule, and reads the
server's CPU and memory at the edges of the measurement.
"""

import asyncio
import base64
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

import numpy as np

from audio import SAMPLE_RATE, Samples
from audio.resample import Resampler
from voice_server.bench.live import question
from voice_server.bench.load.line import Line
from voice_server.bench.load.orders import Block, Order, Session, decoded, judged, told
from voice_server.bench.load.process_meter import tree_cpu_s, tree_resident_bytes
from voice_server.bench.load.schedule import FRAME_S, arrivals_s, frames, phases_s
from voice_server.bench.load.talk import Said, script, talk_frames
from voice_server.bench.load.websocket_bytes import BINARY, TEXT, frame

HOST = "127.0.0.1"
REALTIME_RATE = 24_000
FRAMES_BETWEEN_READS = 32
"""A generator that is behind still has to read."""
CONNECT_S_MAX = 20.0
SETTLE_S = 0.2
NICENESS = -15


def run_block(order: Order) -> Block:
    """Have a fresh process do it. Raises `RuntimeError` with its last words if it fails."""
    command = [sys.executable, "-m", "voice_server.bench.load.generator"]
    done = subprocess.run(command, input=told(order), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the load generator failed: {done.stderr.strip()[-300:]}")
    return decoded(Block, done.stdout)


class Generator:
    """One block of load."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._arrivals = arrivals_s(order.arrivals, order.sessions, order.ramp_s, order.seed)
        self._late_ms: list[float] = []
        self._talk, self._speech_ends_s = _talk(order)
        self._lines = [_spoken(order, lines) for lines in script(order)] if order.clips else []
        self._quiet = encoded(np.zeros(int(FRAME_S * SAMPLE_RATE), np.int16), order)

    async def run(self) -> Block:
        """Open, warm up, measure, hang up."""
        order = self._order
        before = tree_resident_bytes(order.pid)
        lines, ready_ms = await self._open()
        clock = asyncio.get_running_loop().time
        began = clock() + SETTLE_S
        meter = asyncio.create_task(self._meter(began + order.warm_s))
        await self._send(lines, began)
        cpu_s, own_s, seconds = await meter
        after = tree_resident_bytes(order.pid)
        refusals = [line.refusal for line in lines]
        late_ms, void = judged(self._late_ms, refusals, self._behind_s(lines), order.late_ms_max)
        unsent = sum(line.unsent_bytes for line in lines)
        for line in lines:
            line.close()
        phases = phases_s(self._arrivals)
        heard = [
            _session(line, ready, began + phase)
            for line, ready, phase in zip(lines, ready_ms, phases, strict=True)
        ]
        ends = self._speech_ends_s
        return Block(
            order, seconds, cpu_s, before, after, own_s, late_ms, void, ends, unsent, heard
        )

    async def _open(self) -> tuple[list[Line], list[float]]:
        began = asyncio.get_running_loop().time()
        opened = await asyncio.gather(*(self._connect(began + at) for at in self._arrivals))
        return [line for line, _ in opened], [ready for _, ready in opened]

    async def _connect(self, at: float) -> tuple[Line, float]:
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        return await connect(self._order)

    async def _send(self, lines: Sequence[Line], began: float) -> None:
        """Every frame when it is due, or as soon as possible after it."""
        order, clock = self._order, asyncio.get_running_loop().time
        until = order.warm_s + order.seconds
        if order.microphone == "none":
            await asyncio.sleep(began + until - clock())
            return
        for count, (due_s, session, number) in enumerate(
            frames(phases_s(self._arrivals), until + SETTLE_S)
        ):
            ahead_s = began + due_s - clock()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)
            elif count % FRAMES_BETWEEN_READS == 0:
                await asyncio.sleep(0)
            if due_s >= order.warm_s:
                self._late_ms.append(max(0.0, 1000 * (clock() - began - due_s)))
            lines[session].send(self._frame(session, number))

    def _behind_s(self, lines: Sequence[Line]) -> float:
        """How much of what was sent the slowest session was not told to be taken in."""
        taken = [at for line in lines if (at := taken_in(line)) is not None]
        sent_s = self._order.warm_s + self._order.seconds
        return sent_s - min(taken) / SAMPLE_RATE if taken else 0.0

    def _frame(self, session: int, number: int) -> bytes:
        if session < len(self._lines):
            return self._lines[session].get(number, self._quiet)
        if session < self._order.talkers:
            return self._talk[number % len(self._talk)]
        return self._quiet

    async def _meter(self, at: float) -> tuple[float, float, float]:
        """CPU of the server and our own over the measurement, and its true length."""
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(at - clock())
        began, cpu_s, own_s = clock(), tree_cpu_s(self._order.pid), time.process_time()
        await asyncio.sleep(at + self._order.seconds - clock())
        return (
            tree_cpu_s(self._order.pid) - cpu_s,
            time.process_time() - own_s,
            clock() - began,
        )


async def connect(order: Order) -> tuple[Line, float]:
    """Open a session; also the milliseconds until it was ready, or was known not to be."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    line = Line(order.first, order.greets, loop.time)
    await loop.create_connection(lambda: line, HOST, order.port)
    line.open(f"{HOST}:{order.port}", order.path, order.protocol)
    try:
        async with asyncio.timeout(CONNECT_S_MAX):
            await line.ready
    except TimeoutError:
        line.refusal = "never ready"
    return line, 1000 * (loop.time() - began)


def taken_in(line: Line) -> int | None:
    """How many samples the server has taken in, as far as it said so."""
    newest = next((text for _, text in reversed(line.texts) if '"flow"' in text), None)
    return int(json.loads(newest)["acked_pos"]) if newest else None


def encoded(samples: Samples, order: Order) -> bytes:
    """20 ms of 16 kHz, as the order's message."""
    if order.microphone != "base64":
        return frame(BINARY, samples.astype("<i2").tobytes())
    resampler = Resampler(SAMPLE_RATE, REALTIME_RATE)
    wide = np.concatenate((resampler.feed(samples), resampler.flush()))
    audio = base64.b64encode(wide.astype("<i2").tobytes()).decode()
    message = json.dumps({"type": "input_audio_buffer.append", "audio": audio})
    return frame(TEXT, message.encode())


def _talk(order: Order) -> tuple[list[bytes], float]:
    """The frames of one sentence and the silence after it, and when its sound ends."""
    if not order.speech:
        return [], 0.0
    samples, _, ends_s = question(order.speech)
    whole = np.zeros(int(order.every_s * SAMPLE_RATE), np.int16)
    whole[: len(samples)] = samples[: len(whole)]
    size = int(FRAME_S * SAMPLE_RATE)
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
    return [encoded(piece, order) for piece in pieces], ends_s


def _spoken(order: Order, lines: Sequence[Said]) -> dict[int, bytes]:
    """The messages of one talker who has clips to say, by the number of the frame."""
    return {number: encoded(frame, order) for number, frame in talk_frames(order, lines).items()}


def _session(line: Line, ready_ms: float, began: float) -> Session:
    return Session(
        ready_ms,
        [(at - began, size) for at, size in line.audio],
        [(at - began, text) for at, text in line.texts],
        began,
        line.refusal,
    )


def hurry() -> None:
    """Go before other work of the machine, where we may: a late generator measures nothing."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


def main() -> None:
    """Do what stdin says."""
    hurry()
    order = decoded(Order, sys.stdin.read())
    generator = Generator(order)
    gc.freeze()
    block = asyncio.run(generator.run())
    sys.stdout.write(told(block))


if __name__ == "__main__":
    main()
