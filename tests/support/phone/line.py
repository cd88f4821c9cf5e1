"""A telephone line: a caller who speaks and listens, 20 ms at a time, at the pace of real time.

A `Line` sends a frame of the caller's voice, or of the noise around, at every tick, and plays a
frame of what the server sent: from its own queue, or silence where there is none. What was played
is what the caller heard, gaps and all. How frames and marks travel is the provider's business.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import numpy as np
import soundfile

from audio import Samples

TICK_S = 0.02
PATIENCE_S = 25.0
SOUND = 200
"""Louder than this is more than line noise."""

LineT = TypeVar("LineT", bound="Line")


class Line(ABC):
    """One call, seen by the caller."""

    def __init__(self, rate: int, *, noise: float = 0.05) -> None:
        """`noise` is that of the caller's room: its level, with speech as 1."""
        self.rate = rate
        self.frame = int(rate * TICK_S)
        self.queue: deque[Samples | str] = deque()
        """Frames to be played, and marks between them."""
        self.paused = False
        self.ended = asyncio.Event()
        """The server, or the network, has ended the call."""
        self.sent: list[object] = []
        """What the server sent, in order."""
        self.arrivals: list[float] = []
        """When audio came, in seconds of the loop's clock."""
        self._heard: list[Samples] = []
        self._speech: deque[Samples] = deque()
        self._said_from = 0
        self._spoken = asyncio.Event()
        self._ticked = asyncio.Event()
        self._noise = np.random.default_rng(7)
        self._noise_level = noise * 3000

    # What the caller does --------------------------------------------------------------------

    async def say(self, samples: Samples) -> None:
        """Speak; returns when the last sample was sent."""
        self.begin_to_say(samples)
        await self._or_over(self._spoken)

    def begin_to_say(self, samples: Samples) -> None:
        """Speak, and do something else meanwhile."""
        whole = np.pad(samples, (0, -len(samples) % self.frame))
        self._speech.extend(whole.reshape(-1, self.frame))
        self._said_from = self.heard_ms()
        self._spoken.clear()

    async def until_said(self, ms: int) -> None:
        """Until so much was said, or everything."""
        await self.until(lambda: not self._speech or self.heard_ms() >= self._said_from + ms)

    @abstractmethod
    async def press(self, key: str) -> None:
        """Press a key."""

    @abstractmethod
    async def hang_up(self) -> None:
        """End the call in the provider's way."""

    # What the caller hears -------------------------------------------------------------------

    @property
    def heard(self) -> Samples:
        """Everything since the call began."""
        return np.concatenate(self._heard) if self._heard else np.zeros(0, np.int16)

    def heard_ms(self) -> int:
        """How long the call has lasted for the caller."""
        return len(self._heard) * 20

    def sounding_ms(self) -> int:
        """How much of what was heard was sound."""
        return 20 * sum(bool(np.abs(frame).max() > SOUND) for frame in self._heard)

    def quiet_ms(self) -> int:
        """How long nothing has been heard."""
        frames = 0
        for frame in reversed(self._heard):
            if np.abs(frame).max() > SOUND:
                break
            frames += 1
        return frames * 20

    async def until(self, holds: Callable[[], bool]) -> None:
        """Listen until it holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                assert not self.ended.is_set(), "the call is over"
                self._ticked.clear()
                await self._ticked.wait()

    async def until_over_or(self, holds: Callable[[], bool]) -> None:
        """Listen until it holds, or the call is over."""
        await self.until(lambda: holds() or self.ended.is_set())

    async def until_sounding(self, ms: int) -> None:
        """Listen until so much more was heard."""
        before = self.sounding_ms()
        await self.until(lambda: self.sounding_ms() >= before + ms)

    async def answer(self, quiet_ms: int = 900) -> Samples:
        """Listen to an answer to its end; returns what was heard of it, with a little silence."""
        begin = len(self.heard)
        await self.until_sounding(40)
        await self.until(lambda: self.quiet_ms() >= quiet_ms)
        heard = self.heard[begin:]
        sound = np.flatnonzero(np.abs(heard) > SOUND)
        around = self.rate // 5
        return heard[max(0, sound[0] - around) : sound[-1] + around]

    def record(self, path: str) -> None:
        """Write what was heard as a WAV file."""
        soundfile.write(path, self.heard, self.rate)

    # The line --------------------------------------------------------------------------------

    @abstractmethod
    async def send_frame(self, samples: Samples) -> None:
        """Send the caller's voice."""

    @abstractmethod
    async def pass_mark(self, name: str) -> None:
        """Tell the server that a mark was reached."""

    async def run(self) -> None:
        """Keep the line open; every frame leaves at its own time."""
        clock = asyncio.get_running_loop().time
        began = clock()
        for tick in range(1_000_000):
            await self.send_frame(self._voice())
            await self._play()
            self._ticked.set()
            await asyncio.sleep(began + (tick + 1) * TICK_S - clock())

    def _voice(self) -> Samples:
        speech = self._speech.popleft() if self._speech else np.zeros(self.frame, np.int16)
        if not self._speech:
            self._spoken.set()
        noise = self._noise.normal(0, max(1.0, self._noise_level), self.frame)
        return np.clip(speech + noise, -32768, 32767).astype(np.int16)

    async def _play(self) -> None:
        while self.queue and isinstance(mark := self.queue[0], str):
            self.queue.popleft()
            await self.pass_mark(mark)
        if self.queue and not self.paused:
            frame = self.queue.popleft()
            assert not isinstance(frame, str)
            self._heard.append(np.pad(frame, (0, self.frame - len(frame))))
        else:
            self._heard.append(np.zeros(self.frame, np.int16))

    def put(self, samples: Samples) -> None:
        """Audio came from the server."""
        self.arrivals.append(asyncio.get_running_loop().time())
        self.queue.extend(
            samples[start : start + self.frame] for start in range(0, len(samples), self.frame)
        )

    async def _or_over(self, event: asyncio.Event) -> None:
        waiting = [asyncio.create_task(e.wait()) for e in (event, self.ended)]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()


@asynccontextmanager
async def open_line(line: LineT, receive: Callable[[], object]) -> AsyncIterator[LineT]:
    """Keep a line going for the length of the block; `receive` takes in what the server sends."""
    tasks = [asyncio.ensure_future(receive()), asyncio.create_task(line.run())]  # type: ignore[call-overload]
    try:
        yield line
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
