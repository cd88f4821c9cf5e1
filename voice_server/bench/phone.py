"""When the frames of telephone calls arrive: AudioSocket, where the server owns the clock.

Callers connect to a server of their own, ask a question each, and note when every frame of 20 ms
comes. A frame's lateness is counted from the schedule of the one that came earliest for its number,
so that a constant delay is none.
"""

import asyncio
import socket
import struct
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np

from audio import Samples
from audio.formats import Codec, encode
from audio.resample import Resampler
from models.tts.espeak import speak_now
from voice_server.bench.live import server

RATE = 8000
FRAME_S = 0.02
FRAME_SAMPLES = int(RATE * FRAME_S)
HEADER = struct.Struct(">BH")
UUID, AUDIO, HANGUP = 0x01, 0x10, 0x00
ESPEAK_RATE = 22_050
QUESTION = "What is seven times eight?"


def measure(options: Sequence[str], callers: int, seconds: float) -> Iterator[str]:
    """Lines of a report. Raises `RuntimeError` if the server does not start."""
    port = _free_port()
    phone = ("--set", "phone.audiosocket=true", "--set", f"phone.audiosocket_port={port}")
    speech = _question()
    with server((*options, *phone)):
        arrivals = asyncio.run(_calls(port, callers, speech, seconds))
    late = np.concatenate([lateness_ms(one) for one in arrivals])
    yield f"{callers} calls, {len(late)} frames of 20 ms"
    p50, p99 = np.percentile(late, (50, 99))
    yield f"late by {p50:.1f} ms (median), {p99:.1f} ms (p99), {late.max():.1f} ms (worst)"
    yield f"later than 20 ms: {(late > 1000 * FRAME_S).sum()}"


def lateness_ms(arrivals: Sequence[float]) -> list[float]:
    """How late each frame came, given when all came, in seconds."""
    delays = [at - number * FRAME_S for number, at in enumerate(arrivals)]
    earliest = min(delays)
    return [(delay - earliest) * 1000 for delay in delays]


async def _calls(port: int, callers: int, speech: Samples, seconds: float) -> list[list[float]]:
    calls = (call(port, speech, seconds) for _ in range(callers))
    return await asyncio.gather(*calls)


async def call(port: int, speech: Samples, seconds: float) -> list[float]:
    """One call of so many seconds; returns when its frames came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEADER.pack(UUID, 16) + uuid.uuid4().bytes)
    talking = asyncio.create_task(_talk(writer, speech))
    arrivals: list[float] = []
    clock = asyncio.get_running_loop().time
    with suppress(TimeoutError, asyncio.IncompleteReadError):
        async with asyncio.timeout(seconds):
            while True:
                _, length = HEADER.unpack(await reader.readexactly(HEADER.size))
                await reader.readexactly(length)
                arrivals.append(clock())
    talking.cancel()
    writer.write(HEADER.pack(HANGUP, 0))
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()
    return arrivals


async def _talk(writer: asyncio.StreamWriter, speech: Samples) -> None:
    """Speak once, and then be silent, by an absolute schedule."""
    clock = asyncio.get_running_loop().time
    began = clock()
    for number in range(1_000_000):
        piece = speech[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]
        samples = np.pad(piece, (0, FRAME_SAMPLES - len(piece)))
        writer.write(HEADER.pack(AUDIO, 2 * FRAME_SAMPLES) + encode(samples, Codec.PCM_S16LE))
        await asyncio.sleep(began + (number + 1) * FRAME_S - clock())


def _question() -> Samples:
    spoken, _ = speak_now(QUESTION)
    resampler = Resampler(ESPEAK_RATE, RATE)
    return np.concatenate((resampler.feed(spoken), resampler.flush()))


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
