"""One WebSocket with an open session: frames and messages in, events out.

It knows nothing of reconnection: when the server has gone, `receive` says None, and `ending` why.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import msgspec
import numpy as np

from voice_server.client.errors import (
    BadCertificate,
    CallError,
    ConnectionLost,
    ConnectionRefused,
    ProtocolError,
    ending,
    refusal,
)
from voice_server.client.events import Audio, Error, GoingAway, Ready, ServerMessage, decode
from voice_server.closes import NORMAL
from voice_server.wires.frames import Flags, Frame, FrameError, Kind, unpack

OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 2.0
TLS_GOODBYE_LOOK_S = 0.01
TLS_GOODBYE_LOOKS = 50
HEARTBEAT_S = 15.0
"""A server that does not answer a ping within half of this is gone."""
MESSAGE_BYTES_MAX = 1 << 20
FRAME_BYTES_MAX = 32_768
"""Half of what servers accept."""
EARLY_MAX = 32
"""Messages before `ready`."""

_SAMPLE = np.dtype("<i2")


class Connection:
    """See `open`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.ready: Ready | None = None
        self.retry_after_s = 0.0
        """What a server that leaves in good order asks to wait."""
        self._socket = socket
        self._early: deque[ServerMessage | Audio] = deque()
        self._explanation = ""
        self._frames = 0
        self._clock = asyncio.get_running_loop().time

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, url: str, key: str | None, hello: Mapping[str, Any]
    ) -> Self:
        """Connect, say hello, wait for `ready`. Raises `CallError`."""
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                connection = cls(await _upgraded(http, url, key))
                try:
                    await connection.send(hello)
                    await connection._greeted()
                except BaseException:
                    await connection.close()
                    raise
        except aiohttp.WSServerHandshakeError as error:
            retry_after = error.headers.get("Retry-After") if error.headers else None
            raise refusal(error.status, retry_after, url) from None
        except TimeoutError:
            seconds = f"{OPEN_TIMEOUT_S:g}"
            raise ConnectionRefused(f"{url} did not answer within {seconds} s.") from None
        except aiohttp.ClientConnectorCertificateError:
            raise BadCertificate(
                f"The certificate of {url} is not trusted. If the server made it itself, pass the "
                "file that it named when it started: --cafile FILE, or trust=FILE in Python."
            ) from None
        except (aiohttp.ClientError, OSError) as error:
            raise ConnectionRefused(f"Nobody answers at {url}: {error}.") from None
        return connection

    async def _greeted(self) -> None:
        while self.ready is None:
            event = await self.receive()
            if event is None:
                raise self.ending() or ConnectionLost("The server closed before it was ready.")
            if isinstance(event, Ready):
                self.ready = event
            elif len(self._early) >= EARLY_MAX:
                raise ProtocolError("The server talks, but never says that it is ready.")
            self._early.append(event)

    async def send(self, message: Mapping[str, Any]) -> None:
        """Send one JSON message. Raises `ConnectionError`."""
        await self._socket.send_str(msgspec.json.encode(message).decode())

    async def send_audio(self, pcm: bytes, position: int) -> None:
        """Send whole samples of the microphone, in frames. Raises `ConnectionError`.

        `position`: of the first sample, since the session began.
        """
        for start in range(0, len(pcm), FRAME_BYTES_MAX):
            payload = pcm[start : start + FRAME_BYTES_MAX]
            t = int(self._clock() * 1000)
            at = position + start // _SAMPLE.itemsize
            frame = Frame(Kind.INPUT, Flags.NONE, 0, self._frames, at, t, payload)
            await self._socket.send_bytes(frame.pack())
            self._frames += 1

    async def receive(self) -> ServerMessage | Audio | None:
        """The next event; None when the connection is over. Raises `ProtocolError`."""
        if self.ready is not None and self._early:
            return self._early.popleft()
        while True:
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                if (event := decode(message.data)) is not None:
                    return self._noted(event)
            elif message.type is aiohttp.WSMsgType.BINARY:
                return _audio(message.data)
            else:
                return None

    def _noted(self, event: ServerMessage) -> ServerMessage:
        match event:
            case Error(message=message, fatal=True):
                self._explanation = message
            case GoingAway(reconnect_in_ms=wait_ms):
                self._explanation = "The server went away."
                self.retry_after_s = wait_ms / 1000
        return event

    def ending(self) -> CallError | None:
        """Why the connection is over; None if both sides wanted it."""
        return ending(self._socket.close_code, self._explanation)

    async def close(self, code: int = NORMAL) -> None:
        """Close politely, and not for long. Any other code than `NORMAL`: we will be back."""
        raw = self._socket.get_extra_info("socket")
        await self._socket.close(code=code)
        for _ in range(TLS_GOODBYE_LOOKS):  # aiohttp does not wait until TLS has ended
            if raw is None or raw.fileno() < 0:
                break
            await asyncio.sleep(TLS_GOODBYE_LOOK_S)


async def _upgraded(
    http: aiohttp.ClientSession, url: str, key: str | None
) -> aiohttp.ClientWebSocketResponse:
    return await http.ws_connect(
        url,
        protocols=("voice.v1",),
        headers={"Authorization": f"Bearer {key}"} if key else None,
        heartbeat=HEARTBEAT_S,
        max_msg_size=MESSAGE_BYTES_MAX,
        timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
    )


def _audio(data: bytes) -> Audio:
    try:
        frame = unpack(data)
    except FrameError as error:
        raise ProtocolError(f"The server sent a frame that cannot be read: {error}.") from None
    if frame.kind is not Kind.OUTPUT or len(frame.payload) % _SAMPLE.itemsize:
        raise ProtocolError("The server sent a frame that holds no whole samples of a reply.")
    samples = np.frombuffer(frame.payload, _SAMPLE).astype(np.int16)
    last = Flags.END in frame.flags
    return Audio(frame.stream, frame.pos, samples, last, sn=frame.seq)
