"""A stand-in for the module `sounddevice`, behind the Protocol that the real one satisfies.

Its microphone hears what `say` gives it, in real time and on a thread of its own, as PortAudio's
would; its loudspeaker keeps what it plays.
"""

import asyncio
import threading
from typing import Any

import numpy as np

from audio import Samples

BLOCK_S = 0.02
STOP_S = 10.0


class FakePortAudioError(Exception):
    """What PortAudio would raise."""


class FakeStream:
    """A device that calls back until it is closed."""

    latency = 0.02

    def __init__(self, sound: "FakeSound", kind: str, options: dict[str, Any]) -> None:
        self.options = options
        self.closed = threading.Event()
        self._sound = sound
        self._kind = kind
        self._thread = threading.Thread(target=self._run, name=kind, daemon=True)

    def start(self) -> None:
        """Begin to call back."""
        self._thread.start()

    def close(self) -> None:
        """Stop calling back."""
        self.closed.set()
        if self._thread.is_alive():
            self._thread.join(STOP_S)

    def _run(self) -> None:
        samples = self.options["blocksize"]
        while not self.closed.wait(BLOCK_S):
            if self._kind == "input":
                block = self._sound.next_said(samples).tobytes()
                self.options["callback"](memoryview(block), samples, None, None)
            else:
                buffer = bytearray(2 * samples)
                self.options["callback"](memoryview(buffer), samples, None, None)
                self._sound.play(np.frombuffer(bytes(buffer), dtype=np.int16))


class FakeSound:
    """One microphone and one loudspeaker; `broken` ones cannot be opened."""

    PortAudioError = FakePortAudioError

    def __init__(self, *, rate: float = 16_000.0, broken: bool = False) -> None:
        self.heard: list[Samples] = []
        """What the loudspeaker played, block by block."""
        self.sounding = threading.Event()
        """Set when something louder than silence was played."""
        self.streams: list[FakeStream] = []
        self._rate = rate
        self._broken = broken
        self._said = np.empty(0, dtype=np.int16)
        self._lock = threading.Lock()

    def say(self, samples: Samples) -> None:
        """Speak into the microphone."""
        with self._lock:
            self._said = np.concatenate([self._said, samples])

    async def sounds(self) -> None:
        """Return when the loudspeaker has played something."""
        await asyncio.to_thread(self.sounding.wait, STOP_S)
        assert self.sounding.is_set()

    def next_said(self, count: int) -> Samples:
        """The microphone's next block."""
        with self._lock:
            block, self._said = np.split(self._said, [count])
        return np.pad(block, (0, count - len(block)))

    def play(self, block: Samples) -> None:
        """The loudspeaker's next block."""
        self.heard.append(block)
        if block.any():
            self.sounding.set()

    def _initialize(self) -> None:
        """It is always there."""

    def _terminate(self) -> None:
        """It stays there."""

    def query_devices(self, device: int | str | None = None, kind: str | None = None) -> Any:
        """The device of a kind, or both."""
        if device not in (None, 0, "fake"):
            raise ValueError(f"No device matching {device!r}")
        fake = {"name": "fake", "default_samplerate": self._rate}
        fake |= {"max_input_channels": 1, "max_output_channels": 0}
        return fake if kind else [fake, {**fake, "max_input_channels": 0, "max_output_channels": 2}]

    def RawInputStream(self, **options: Any) -> FakeStream:
        """The microphone."""
        return self._opened("input", options)

    def RawOutputStream(self, **options: Any) -> FakeStream:
        """The loudspeaker."""
        return self._opened("output", options)

    def _opened(self, kind: str, options: dict[str, Any]) -> FakeStream:
        if self._broken:
            raise FakePortAudioError("Device unavailable")
        self.streams.append(FakeStream(self, kind, options))
        return self.streams[-1]
