"""A small honest client of the Realtime protocol: it speaks in real time and notes what it gets.

Every message is `checked`. `log` holds them in order; audio stays in them as base64.
"""

import asyncio
import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np

from audio import Samples
from audio.formats import AudioFormat, Decoder
from tests.support.microphone import PCM_24K, Microphone
from tests.support.realtime import checked

Json = dict[str, Any]

PATIENCE_S = 30.0
RATE = 24_000
SILENT = ("response.output_audio.delta",)
"""Not shown when something is missing: there are too many."""


def _always(event: Json) -> bool:
    return True


class RealtimeClient:
    """One open connection; see `realtime`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, format: AudioFormat) -> None:
        self.socket = socket
        self.log: list[Json] = []
        self.microphone = Microphone(self.append, format, framed=False)
        self._format = format
        self._waited: Counter[str] = Counter()
        self._news = asyncio.Event()
        self._over = False

    async def send(self, type: str, **fields: object) -> None:
        """Send one message."""
        await self.socket.send_json({"type": type, **fields})

    async def append(self, data: bytes) -> None:
        """Send audio."""
        await self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    async def update(self, **session: object) -> Json:
        """Change the session, and wait until it is changed."""
        await self.send("session.update", session={"type": "realtime", **session})
        updated: Json = (await self.wait_for("session.updated"))["session"]
        return updated

    async def write(self, text: str, **params: object) -> None:
        """Say something in writing, and ask for an answer."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send("conversation.item.create", item=item)
        await self.send("response.create", response=params)

    async def wait_for(self, type: str, where: Callable[[Json], bool] = _always) -> Json:
        """The next event of its type that was not waited for yet, come or still to come."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while (event := self._next(type, where)) is None:
                    if self._over:
                        raise ConnectionError(f"closed {self.socket.close_code}: {self._story()}")
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise TimeoutError(f"no {type}: {self._story()}") from None
        return event

    async def closed(self) -> int | None:
        """The code with which the server closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while not self._over:
                self._news.clear()
                await self._news.wait()
        return self.socket.close_code

    def events(self, type: str) -> list[Json]:
        """All events of a type so far."""
        return [event for event in self.log if event["type"] == type]

    def kinds(self) -> list[str]:
        """What came, in order, without what there are many of."""
        return [event["type"] for event in self.log if event["type"] not in SILENT]

    def audio(self, response: str) -> Samples:
        """Everything that came of one response, decoded."""
        deltas = self.events("response.output_audio.delta")
        mine = [event["delta"] for event in deltas if event["response_id"] == response]
        sound = b"".join(base64.b64decode(delta) for delta in mine)
        return np.array(Decoder(self._format).feed(sound))

    async def read(self) -> None:
        """Note what comes, until the end."""
        try:
            async for message in self.socket:
                self.log.append(checked(message.data))
                self._news.set()
        finally:
            self._over = True
            self._news.set()

    def _next(self, type: str, where: Callable[[Json], bool]) -> Json | None:
        events = self.events(type)
        for index in range(self._waited[type], len(events)):
            if where(events[index]):
                self._waited[type] = index + 1
                return events[index]
        return None

    def _story(self) -> str:
        return f"{self.kinds()[-40:]}, errors {[one['error'] for one in self.events('error')]}"


@asynccontextmanager
async def realtime(
    url: str,
    session: Mapping[str, object] | None = None,
    *,
    path: str = "v1/realtime?model=gpt-realtime",
    listening: bool = False,
    headers: Mapping[str, str] | None = None,
    protocols: Sequence[str] = (),
    format: AudioFormat = PCM_24K,
) -> AsyncIterator[RealtimeClient]:
    """A client of the server at `url`. `listening` opens the microphone.

    `session` is an update that is sent first; `format` is that of the audio, both ways.
    """
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{url}{path}", protocols=protocols, headers=headers) as socket,
    ):
        client = RealtimeClient(socket, format)
        tasks = [asyncio.create_task(client.read())]
        await client.wait_for("session.created")
        if session is not None:
            await client.update(**session)
        if listening:
            tasks.append(asyncio.create_task(client.microphone.run()))
        try:
            yield client
        finally:
            await socket.close()
            for task in tasks:
                task.cancel()
            for outcome in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(outcome, Exception) and not isinstance(outcome, ConnectionError):
                    raise outcome
