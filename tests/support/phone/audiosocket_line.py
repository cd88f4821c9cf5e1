"""Asterisk's side of AudioSocket: it plays each frame as it comes, and hears every jitter.

https://docs.asterisk.org/Configuration/Channel-Drivers/AudioSocket/.
"""

import asyncio
import struct
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder, encode
from tests.support.phone.line import Line, open_line

HEADER = struct.Struct(">BH")
KINDS = {8000: 0x10, 16_000: 0x12, 48_000: 0x16}


class AudioSocketLine(Line):
    """A call over TCP, without a queue: `heard` is what came, frame by frame."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rate: int
    ) -> None:
        super().__init__(rate)
        self.reader = reader
        self.writer = writer
        self.hung_up = False
        self.kind = KINDS[rate]

    def send(self, kind: int, payload: bytes) -> None:
        """Send one frame."""
        self.writer.write(HEADER.pack(kind, len(payload)) + payload)

    async def send_frame(self, samples: Samples) -> None:
        if not self.ended.is_set():
            self.send(self.kind, encode(samples, Codec.PCM_S16LE))

    async def pass_mark(self, name: str) -> None:
        raise AssertionError("AudioSocket has no marks")

    async def press(self, key: str) -> None:
        self.send(0x03, key.encode())

    async def hang_up(self) -> None:
        self.send(0x00, b"")
        self.writer.close()

    async def receive(self) -> None:
        """Take in frames until the server hangs up or closes."""
        decoder = Decoder(AudioFormat(Codec.PCM_S16LE, self.rate))
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while not self.hung_up:
                kind, length = HEADER.unpack(await self.reader.readexactly(HEADER.size))
                payload = await self.reader.readexactly(length)
                if kind == 0x00:
                    self.hung_up = True
                else:
                    assert (kind, length) == (self.kind, self.frame * 2), "one frame of 20 ms"
                    self.put(decoder.feed(payload))
        self.ended.set()


@asynccontextmanager
async def audiosocket_call(port: int, rate: int = 8000) -> AsyncIterator[AudioSocketLine]:
    """A call that Asterisk connects."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    line = AudioSocketLine(reader, writer, rate)
    line.send(0x01, uuid.UUID(int=7).bytes)
    try:
        async with open_line(line, line.receive):
            yield line
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
