"""A microphone as a server sees one: frames at the pace of real time, speech or silence."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import numpy as np

from audio import Samples
from audio.formats import AudioFormat, Codec, encode

PCM_24K = AudioFormat(Codec.PCM_S16LE, 24_000)
"""What OpenAI's clients send."""

GAP = 0x04
SILENCE = 0x08

_HEADER = struct.Struct("<BBHIII")
_INPUT = 0x11


def frame(position: int, payload: bytes, *, flags: int = 0, count: int = 0) -> bytes:
    """A framed message: the 16-byte header of `voice.v1`, written independently of the server."""
    return _HEADER.pack(_INPUT, flags, 0, count, position, 0) + payload


def silence(position: int, samples: int) -> bytes:
    """A framed message that only says how many samples of silence there were."""
    return frame(position, struct.pack("<I", samples), flags=SILENCE)


def as_bytes(samples: Samples, format: AudioFormat) -> bytes:
    """Mono samples in the client's format; both channels of a stereo pair say the same."""
    return encode(np.repeat(samples, format.channels), format.codec)


@dataclass(slots=True)
class _Speech:
    samples: Samples
    said: asyncio.Event = field(default_factory=asyncio.Event)


class Microphone:
    """Open until cancelled. Every frame is sent at its own time, however late the one before."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        format: AudioFormat,
        *,
        framed: bool,
        frame_ms: int = 20,
    ) -> None:
        self.position = 0
        """Samples sent."""
        self._send = send
        self._format = format
        self._framed = framed
        self._samples = format.rate * frame_ms // 1000
        self._speech: list[_Speech] = []

    async def say(self, samples: Samples) -> None:
        """Speak into the microphone; returns when the last sample was sent."""
        speech = _Speech(samples)
        self._speech.append(speech)
        await speech.said.wait()

    async def run(self) -> None:
        """Send for ever."""
        clock = asyncio.get_running_loop().time
        began = clock()
        sent = 0
        while True:
            payload = as_bytes(self._next(), self._format)
            data = frame(self.position, payload, count=sent) if self._framed else payload
            await self._send(data)
            sent += 1
            self.position += self._samples
            await asyncio.sleep(began + self.position / self._format.rate - clock())

    def _next(self) -> Samples:
        if not self._speech:
            return np.zeros(self._samples, dtype=np.int16)
        speech = self._speech[0]
        here, speech.samples = np.split(speech.samples, [self._samples])
        if not speech.samples.size:
            self._speech.pop(0).said.set()
        return np.pad(here, (0, self._samples - here.size))
