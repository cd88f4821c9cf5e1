"""A small honest client of `voice.v1`: it speaks in real time, plays what it hears, notes it all.

`log` holds everything the server sent, in order, with the time of arrival. Audio is in it too, as
an event of type `audio`, so that order can be checked across both.
"""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp
import numpy as np

from audio import Samples
from audio.formats import AudioFormat, Codec, Decoder
from tests.support.loudspeaker import Loudspeaker
from tests.support.microphone import Microphone

Json = dict[str, Any]

PATIENCE_S = 30.0
REPORT_S = 0.1
FEATURES = ("partials", "marks", "word_times", "state", "metrics", "pause")

_HEADER = struct.Struct("<BBHIII")


def hello(
    *,
    mode: str = "conversation",
    framing: str = "raw",
    rate: int = 16_000,
    codec: str = "pcm_s16le",
    channels: int = 1,
    out_rate: int = 16_000,
    out_codec: str = "pcm_s16le",
    reports: bool = False,
    features: Sequence[str] = FEATURES,
    config: Mapping[str, object] | None = None,
) -> Json:
    """The message that opens a session. The client plays at the last rate that it lists."""
    return {
        "type": "hello",
        "protocol": 1,
        "client": {"name": "test", "version": "1"},
        "mode": mode,
        "audio": {
            "framing": framing,
            "input": {"codec": codec, "rate": rate, "channels": channels},
            "output": {"codec": out_codec, "rates": [out_rate]},
        },
        "playback": {"reports": reports},
        "features": list(features),
        "config": dict(config or {}),
    }


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message from the server."""

    at: float
    """Seconds of the loop's clock."""
    event: Json
    """Of audio: type `audio`, stream, and what a frame's header says."""
    payload: bytes = b""


def _always(event: Json) -> bool:
    return True


class VoiceClient:
    """One open connection; see `connected`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, opening: Json | None) -> None:
        self.socket = socket
        self.log: list[Arrival] = []
        self.reports: list[Json] = []
        """What was told about playback."""
        self._opening = opening or hello()
        self._waited: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._stream = 0
        self._over = False
        self._clock = asyncio.get_running_loop().time
        audio = self._opening["audio"]
        source, target = audio["input"], audio["output"]
        self._framed = audio["framing"] == "framed"
        self._output = AudioFormat(Codec(target["codec"]), target["rates"][-1])
        self.loudspeaker = Loudspeaker(self._output.rate)
        self.microphone = Microphone(
            socket.send_bytes,
            AudioFormat(Codec(source["codec"]), source["rate"], source["channels"]),
            framed=self._framed,
        )

    # To the server ---------------------------------------------------------------------------

    async def send(self, type: str, **fields: object) -> None:
        """Send one JSON message."""
        await self.socket.send_json({"type": type, **fields})

    async def report_playback(self) -> None:
        """Say again and again how far the loudspeaker is, until cancelled."""
        while True:
            if self.loudspeaker.playing:
                await self._report("playing")
            await asyncio.sleep(REPORT_S)

    async def _report(self, state: str) -> None:
        position = self.loudspeaker.position(self._clock())
        report = {"stream": self.loudspeaker.stream, "pos": position, "state": state}
        self.reports.append(report)
        await self.send("playback", **report)

    # From the server -------------------------------------------------------------------------

    async def wait_for(
        self,
        type: str,
        where: Callable[[Json], bool] = _always,
        *,
        timeout_s: float = PATIENCE_S,
    ) -> Json:
        """The next event of its type that was not waited for yet, come or still to come."""
        try:
            async with asyncio.timeout(timeout_s):
                while (event := self._next(type, where)) is None:
                    if self._over:
                        raise ConnectionError(f"closed {self.socket.close_code}: {self._story()}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"no {type} in {timeout_s} s: {self._story()}") from None
        return event

    async def closed(self, timeout_s: float = PATIENCE_S) -> int | None:
        """The code with which the server closed the connection."""
        async with asyncio.timeout(timeout_s):
            while not self._over:
                self._news.clear()
                await self._news.wait()
        return self.socket.close_code

    def events(self, type: str) -> list[Json]:
        """All events of a type so far."""
        return [arrival.event for arrival in self.log if arrival.event["type"] == type]

    def at(self, type: str) -> list[float]:
        """When the events of a type came."""
        return [arrival.at for arrival in self.log if arrival.event["type"] == type]

    def audio(self, stream: int) -> Samples:
        """Everything that came of one stream, decoded."""
        frames = [
            arrival.payload
            for arrival in self.log
            if arrival.event["type"] == "audio" and arrival.event["stream"] == stream
        ]
        return np.array(Decoder(self._output).feed(b"".join(frames)))

    async def read(self) -> None:
        """Note what comes, and do what a client has to do about it, until the end."""
        try:
            async for message in self.socket:
                at = self._clock()
                if message.type is aiohttp.WSMsgType.TEXT:
                    arrival = Arrival(at, json.loads(message.data))
                else:
                    arrival = self._audio(at, message.data)
                self.log.append(arrival)
                with suppress(ConnectionError):
                    await self._react(arrival)
                self._news.set()
        finally:
            self._over = True
            self._news.set()

    async def _react(self, arrival: Arrival) -> None:
        now = arrival.at
        match arrival.event["type"]:
            case "audio.started":
                self._stream = arrival.event["stream"]
            case "audio":
                samples = len(arrival.payload) // self._output.frame_bytes
                self.loudspeaker.add(self._stream, samples, now)
            case "playback.pause":
                self.loudspeaker.pause(now)
            case "playback.resume":
                self.loudspeaker.resume(now)
            case "playback.stop":
                self.loudspeaker.pause(now)
                if self._opening["playback"]["reports"]:
                    await self._report("stopped")

    def _audio(self, at: float, data: bytes) -> Arrival:
        event: Json = {"type": "audio", "stream": self._stream}
        if not self._framed:
            return Arrival(at, event, data)
        kind, flags, stream, sn, position, _ = _HEADER.unpack_from(data)
        event |= {"kind": kind, "flags": flags, "stream": stream, "sn": sn, "pos": position}
        return Arrival(at, event, data[_HEADER.size :])

    def _next(self, type: str, where: Callable[[Json], bool]) -> Json | None:
        """Each type has a place up to which its events were waited for."""
        events = self.events(type)
        for index in range(self._waited[type], len(events)):
            if where(events[index]):
                self._waited[type] = index + 1
                return events[index]
        return None

    def _story(self) -> str:
        kinds = [arrival.event["type"] for arrival in self.log]
        errors = [error["message"] for error in self.events("error")]
        return f"{kinds[-40:]}, errors {errors}"


@asynccontextmanager
async def connected(
    url: str,
    opening: Json | None = None,
    *,
    path: str = "v1/voice",
    greet: bool = True,
    listening: bool = False,
    headers: Mapping[str, str] | None = None,
    protocols: Sequence[str] = ("voice.v1",),
) -> AsyncIterator[VoiceClient]:
    """A client of the server at `url`. `listening` opens the microphone and the loudspeaker.

    `opening` is the hello; without `greet` it is not sent, and only says what the client expects.
    """
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}{path}", protocols=protocols, headers=headers) as socket,
    ):
        client = VoiceClient(socket, opening)
        tasks = [asyncio.create_task(client.read())]
        if greet:
            await client.socket.send_json(opening or hello())
            await client.wait_for("ready")
        if listening:
            tasks.append(asyncio.create_task(client.microphone.run()))
        if listening and (opening or hello())["playback"]["reports"]:
            tasks.append(asyncio.create_task(client.report_playback()))
        try:
            yield client
        finally:
            await socket.close()
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                    raise outcome
