"""Twilio's and Telnyx' side of a media stream, written from their public documentation.

https://www.twilio.com/docs/voice/media-streams/websocket-messages: audio is queued and played in
order; a mark comes back when it is reached; `clear` empties the queue and sends all marks back.
"""

import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder, encode
from tests.support.phone.line import Line, open_line

STREAM, CALL, ACCOUNT = "MZ" + "0" * 32, "CA" + "1" * 32, "AC" + "2" * 32


class MediaStream(Line):
    """A call whose audio travels as JSON."""

    codec = Codec.PCMU

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, parameters: Mapping[str, str]
    ) -> None:
        super().__init__(8000)
        self.socket = socket
        self.parameters = dict(parameters)
        self.cleared = 0
        self._count = 0
        self._chunk = 0

    async def tell(self, event: str, **fields: object) -> None:
        """Send one message, numbered."""
        self._count += 1
        if self.socket.closed:
            return
        await self.socket.send_json(self.message(event, str(self._count), fields))

    def message(self, event: str, number: str, fields: Mapping[str, object]) -> dict[str, object]:
        """In Twilio's spelling."""
        return {"event": event, "sequenceNumber": number, "streamSid": STREAM, **fields}

    async def begin(self) -> None:
        """Say what Twilio says first."""
        await self.socket.send_json({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        await self.tell(
            "start",
            start={
                "accountSid": ACCOUNT,
                "streamSid": STREAM,
                "callSid": CALL,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": self.parameters,
            },
        )

    async def send_frame(self, samples: Samples) -> None:
        self._chunk += 1
        payload = base64.b64encode(encode(samples, self.codec)).decode()
        media = {"track": "inbound", "chunk": str(self._chunk), "payload": payload}
        await self.tell("media", media={**media, "timestamp": str((self._chunk - 1) * 20)})

    async def pass_mark(self, name: str) -> None:
        await self.tell("mark", mark={"name": name})

    async def press(self, key: str) -> None:
        await self.tell("dtmf", dtmf={"track": "inbound_track", "digit": key})

    async def hang_up(self) -> None:
        await self.tell("stop", stop={"accountSid": ACCOUNT, "callSid": CALL})
        await self.socket.close()

    def closed_with(self, code: int) -> bool:
        """Whether the server closed like this; its word may be lost, because a caller talks on."""
        return self.socket.close_code in (code, aiohttp.WSCloseCode.ABNORMAL_CLOSURE)

    async def receive(self) -> None:
        """Do what the server says, until it closes."""
        decoder = Decoder(AudioFormat(self.codec, self.rate))
        async for message in self.socket:
            assert message.type is aiohttp.WSMsgType.TEXT
            told: dict[str, Any] = json.loads(message.data)
            match told["event"]:
                case "media":
                    data = base64.b64decode(told["media"]["payload"], validate=True)
                    self.sent.append(f"media {len(data)}")
                    self.put(decoder.feed(data))
                case "mark":
                    self.sent.append(f"mark {told['mark']['name']}")
                    self.queue.append(told["mark"]["name"])
                case "clear":
                    self.sent.append("clear")
                    await self._clear()
                case other:
                    raise AssertionError(f"no such message: {other}")
        self.ended.set()

    async def _clear(self) -> None:
        self.cleared += 1
        marks = [item for item in self.queue if isinstance(item, str)]
        self.queue.clear()
        for mark in marks:
            await self.pass_mark(mark)


class TelnyxStream(MediaStream):
    """The same in Telnyx' spelling, with A-law, and every fourth pair of chunks swapped."""

    codec = Codec.PCMA

    def __init__(
        self, socket: aiohttp.ClientWebSocketResponse, parameters: Mapping[str, str]
    ) -> None:
        super().__init__(socket, parameters)
        self._kept: Samples | None = None

    def message(self, event: str, number: str, fields: Mapping[str, object]) -> dict[str, object]:
        return {"event": event, "sequence_number": number, "stream_id": "telnyx-1", **fields}

    async def begin(self) -> None:
        await self.socket.send_json({"event": "connected", "version": "1.0.0"})
        await self.tell(
            "start",
            start={
                "call_control_id": "v2:telnyx-call",
                "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
                "custom_parameters": self.parameters,
            },
        )

    async def send_frame(self, samples: Samples) -> None:
        """Each fourth chunk comes after the fifth."""
        if self._kept is not None:
            kept, self._kept = self._kept, None
            await self._send_chunk(samples, self._chunk + 2)
            await self._send_chunk(kept, self._chunk + 1)
            self._chunk += 2
        elif self._chunk % 8 == 3:
            self._kept = samples
        else:
            await self._send_chunk(samples, self._chunk + 1)
            self._chunk += 1

    async def _send_chunk(self, samples: Samples, chunk: int) -> None:
        payload = base64.b64encode(encode(samples, self.codec)).decode()
        media = {"track": "inbound", "chunk": str(chunk), "payload": payload}
        await self.tell("media", media={**media, "timestamp": str((chunk - 1) * 20)})


@asynccontextmanager
async def twilio_call(
    url: str, headers: Mapping[str, str] | None = None, **parameters: str
) -> AsyncIterator[MediaStream]:
    """A call that Twilio connects."""
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}twilio/media", headers=headers) as socket,
    ):
        line = MediaStream(socket, parameters)
        await line.begin()
        async with open_line(line, line.receive):
            yield line


@asynccontextmanager
async def telnyx_call(url: str, **parameters: str) -> AsyncIterator[TelnyxStream]:
    """A call that Telnyx connects."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}telnyx/media") as socket:
        line = TelnyxStream(socket, parameters)
        await line.begin()
        async with open_line(line, line.receive):
            yield line


def noise(ms: int) -> Samples:
    """A door that slams."""
    return np.random.default_rng(3).normal(0, 4000, 8 * ms).astype(np.int16)
