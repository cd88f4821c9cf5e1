"""Vonage's and Asterisk's side of a call: binary audio, control beside it in text.

Written from their public documentation:
https://developer.vonage.com/en/voice/voice-api/guides/websockets and
https://docs.asterisk.org/Configuration/Channel-Drivers/WebSocket/.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder, encode
from tests.support.phone.line import Line, open_line

QUEUE_MAX, XOFF, XON = 1000, 900, 800
"""Asterisk's queue, in frames."""

COMMAND_BYTES_MAX = 128


class VonageLine(Line):
    """A call over Vonage's WebSocket endpoint, 16 kHz."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__(16_000)
        self.socket = socket
        self.cleared = 0

    async def send_frame(self, samples: Samples) -> None:
        if not self.socket.closed:
            await self.socket.send_bytes(encode(samples, Codec.PCM_S16LE))

    async def pass_mark(self, name: str) -> None:
        await self.socket.send_json({"event": "websocket:notify", "payload": {"mark": name}})

    async def press(self, key: str) -> None:
        await self.socket.send_json({"event": "websocket:dtmf", "digit": key, "duration": 260})

    async def hang_up(self) -> None:
        await self.socket.close()

    async def receive(self) -> None:
        """Do what the server says, until it closes."""
        decoder = Decoder(AudioFormat(Codec.PCM_S16LE, self.rate))
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                assert len(message.data) == self.frame * 2, "one frame a message"
                self.put(decoder.feed(message.data))
                continue
            told = json.loads(message.data)
            self.sent.append(told)
            if told["action"] == "notify":
                self.queue.append(told["payload"]["mark"])
            else:
                assert told == {"action": "clear"}
                self.cleared += 1
                self.queue.clear()
                await self.socket.send_json({"event": "websocket:cleared"})
        self.ended.set()


class AsteriskLine(Line):
    """A channel of chan_websocket: it queues, holds, flushes, and says when it is nearly full."""

    def __init__(
        self,
        socket: aiohttp.ClientWebSocketResponse | web.WebSocketResponse,
        codec: str,
        *,
        as_json: bool,
    ) -> None:
        format = {
            "slin16": AudioFormat(Codec.PCM_S16LE, 16_000),
            "ulaw": AudioFormat(Codec.PCMU, 8000),
        }
        self.format = format[codec]
        super().__init__(self.format.rate)
        self.socket = socket
        self.codec = codec
        self.as_json = as_json
        self.flushed = 0
        self.hung_up = False
        self.xoffs = 0
        self.late_frames = 0
        """Messages of audio that came after XOFF, some of them sent before it was known."""
        self.xoff_level, self.xon_level = XOFF, XON
        self._full = False

    async def tell(self, event: str, **fields: str) -> None:
        """Send an event in the form that was chosen."""
        if self.socket.closed:
            return
        if self.as_json:
            await self.socket.send_json({"event": event, "channel_id": "1700.1", **fields})
        elif event == "MEDIA_MARK_PROCESSED":
            await self.socket.send_str(f"{event} {fields['correlation_id']}")
        else:
            words = (f"{key}:{value}" for key, value in fields.items())
            await self.socket.send_str(" ".join((event, *words)))

    async def begin(self) -> None:
        """Say what Asterisk says first."""
        size = str(self.frame * self.format.frame_bytes)
        await self.tell(
            "MEDIA_START",
            connection_id="c1",
            channel="WebSocket/voice/0x1",
            format=self.codec,
            optimal_frame_size=size,
            ptime="20",
        )

    async def send_frame(self, samples: Samples) -> None:
        if not self.socket.closed:
            await self.socket.send_bytes(encode(samples, self.format.codec))
        if self._full and len(self.queue) < self.xon_level and not self.paused:
            self._full = False
            await self.tell("MEDIA_XON")

    async def pass_mark(self, name: str) -> None:
        await self.tell("MEDIA_MARK_PROCESSED", correlation_id=name)

    async def press(self, key: str) -> None:
        await self.tell("DTMF_END", digit=key)

    async def hang_up(self) -> None:
        await self.socket.close()

    async def receive(self) -> None:
        """Do what the server says, until it closes."""
        decoder = Decoder(self.format)
        async for message in self.socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                assert len(message.data) % (self.frame * self.format.frame_bytes) == 0, "dropped"
                assert len(self.queue) < QUEUE_MAX
                self.late_frames += self._full
                self.put(decoder.feed(message.data))
                await self._watch_queue()
            else:
                self._obey(message.data)
        self.ended.set()

    async def _watch_queue(self) -> None:
        if not self._full and len(self.queue) >= self.xoff_level:
            self._full = True
            self.xoffs += 1
            await self.tell("MEDIA_XOFF")

    def _obey(self, text: str) -> None:
        assert len(text) <= COMMAND_BYTES_MAX, "Asterisk ignores longer ones"
        assert text.startswith("{") is self.as_json
        told = (
            json.loads(text)
            if self.as_json
            else dict(zip(("command", "correlation_id"), text.split(), strict=False))
        )
        self.sent.append(told["command"])
        match told["command"]:
            case "MARK_MEDIA":
                self.queue.append(told["correlation_id"])
            case "PAUSE_MEDIA":
                self.paused = True
            case "CONTINUE_MEDIA":
                self.paused = False
            case "FLUSH_MEDIA":
                self.flushed += 1
                self.queue.clear()
            case "HANGUP":
                self.hung_up = True
            case other:
                raise AssertionError(f"no such command: {other}")


@asynccontextmanager
async def vonage_call(url: str, **headers: str) -> AsyncIterator[VonageLine]:
    """A call that Vonage connects."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}vonage/media") as socket:
        line = VonageLine(socket)
        connected = {"event": "websocket:connected", "content-type": "audio/l16;rate=16000"}
        await socket.send_json({**connected, "uuid": "vonage-1", **headers})
        async with open_line(line, line.receive):
            yield line


@asynccontextmanager
async def asterisk_call(
    url: str,
    codec: str = "slin16",
    *,
    as_json: bool = True,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> AsyncIterator[AsteriskLine]:
    """A call that Asterisk dials."""
    address = f"{url}asterisk/media{query}"
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(address, protocols=["media"]) as socket,
    ):
        assert socket.protocol == "media"
        line = AsteriskLine(socket, codec, as_json=as_json)
        await line.begin()
        async with open_line(line, line.receive):
            yield line
