"""A call: events in, commands out, and a connection that comes back by itself.

One task reads; what it reads waits in a bounded queue. Whoever stops taking events stops the
reading, and in the end the server hangs up: iterate, or leave the call.
"""

import asyncio
import random
import ssl
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import numpy as np

from audio import Samples
from voice_server.client.connection import Connection
from voice_server.client.errors import CallError, ConnectionLost, Unauthorized
from voice_server.client.events import (
    Event,
    Notice,
    PlaybackState,
    Ready,
    Reconnected,
    Reconnecting,
)
from voice_server.client.keys import Key, fresh
from voice_server.client.opening import (
    DEFAULT_URL,
    CallOptions,
    Mode,
    TurnSetting,
    hello,
    voice_url,
)
from voice_server.client.outgoing import Speech
from voice_server.client.reconnection import Reconnection
from voice_server.client.resuming import Resuming
from voice_server.client.trust import Trust, ssl_context
from voice_server.closes import GOING_AWAY

EVENTS_WAITING_MAX = 512
FLEETING = ("ping", "bye")
"""Messages that mean nothing on another connection."""


@dataclass(frozen=True, slots=True)
class _End:
    """The last thing in the queue."""

    error: CallError | None


def connect(
    url: str = DEFAULT_URL,
    key: Key = None,
    *,
    mode: Mode = "conversation",
    voice: str | None = None,
    language: str | None = None,
    turn: Mapping[str, TurnSetting] | None = None,
    input_rate: int = 16_000,
    output_rate: int = 24_000,
    instructions: str | None = None,
    speed: float | None = None,
    hot_words: Sequence[str] = (),
    playback_reports: bool = False,
    echo_cancelled: bool = True,
    features: Sequence[str] | None = None,
    reconnection: Reconnection | None = None,
    trust: Trust = None,
) -> "Call":
    """A call to the server at `url`, to be entered with `async with`.

    Called inside a running event loop. `url` is what people open in a browser, or `host:port`;
    `key` may be a function, see `Key`; the other arguments are those of `CallOptions`. `trust` is a
    PEM file with a certificate to believe, or `ANYBODY`. Raises `BadAddress` and `BadCertificate`;
    entering it raises `CallError`.
    """
    options = CallOptions(
        mode=mode,
        voice=voice,
        language=language,
        instructions=instructions,
        speed=speed,
        hot_words=tuple(hot_words),
        turn=turn or {},
        input_rate=input_rate,
        output_rate=output_rate,
        playback_reports=playback_reports,
        echo_cancelled=echo_cancelled,
        **({} if features is None else {"features": tuple(features)}),
    )
    return Call(voice_url(url), key, options, reconnection or Reconnection(), ssl_context(trust))


class Call:
    """One conversation, possibly over several connections. Made by `connect`."""

    def __init__(
        self,
        url: str,
        key: Key,
        options: CallOptions,
        reconnection: Reconnection,
        ssl: ssl.SSLContext | bool = True,
    ) -> None:
        self.options = options
        self._url = url
        self._key = key
        self._reconnection = reconnection
        self._ssl = ssl
        self._config = options.config
        self._resuming = Resuming(options.input_rate, wanted=reconnection.comes_back)
        self._sending = asyncio.Lock()
        """What is said leaves in the order in which it was said."""
        self._muted = False
        self._connection: Connection | None = None
        self._settled = asyncio.Event()
        """Set while a connection is open, and for good when the call is over."""
        self._events: asyncio.Queue[Event | _End] = asyncio.Queue(EVENTS_WAITING_MAX)
        self._over: _End | None = None
        self._clock = asyncio.get_running_loop().time

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self._ssl))
        try:
            if not self._reconnection.at_first:
                self._connection = await self._opened()
                self._settled.set()
        except BaseException:
            await self._http.close()
            raise
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        connection = self._connection
        if connection is not None:
            with suppress(ConnectionError):
                await connection.send({"type": "bye"})
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if connection is not None:
            await connection.close()
        self._finish(None)
        await self._http.close()

    # What the server says --------------------------------------------------------------------

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises what ended the call, unless both sides wanted it."""
        if self._over and self._events.empty():
            raise StopAsyncIteration
        event = await self._events.get()
        if not isinstance(event, _End):
            return event
        if event.error is not None:
            raise event.error
        raise StopAsyncIteration

    async def _run(self) -> None:
        error: CallError | None = None
        try:
            error = await self._relay()
        except CallError as failure:
            error = failure
        self._finish(error)
        await self._events.put(_End(error))

    def _finish(self, error: CallError | None) -> None:
        self._connection = None
        self._over = self._over or _End(error)
        self._settled.set()

    async def _relay(self) -> CallError | None:
        """Pass on what comes, over as many connections as it takes, to the end."""
        attempt, was_open = 0, self._connection is not None
        while True:
            try:
                connection = self._connection or await self._opened()
            except CallError as failure:
                error: CallError | None = failure
            else:
                opened_at = self._clock()
                error = await self._drained(connection, attempt if was_open else 0)
                was_open = True
                if self._clock() - opened_at >= self._reconnection.longest_s:
                    attempt = 0  # it had worked; what dies at once must not come back at once
            if error is None or not self._reconnection.may_try(attempt, error, was_open=was_open):
                return error
            delay_s = self._reconnection.delay_s(attempt, random.random(), error.retry_after_s)
            attempt += 1
            await self._events.put(Reconnecting(delay_s, attempt, str(error)))
            await asyncio.sleep(delay_s)

    async def _opened(self) -> Connection:
        resume = self._resuming.request
        opening = hello(self.options, self._config, self._resuming.features, resume)
        url = f"{self._url}?sid={resume['session']}" if resume else self._url
        connection = await Connection.open(self._http, url, await fresh(self._key), opening)
        assert connection.ready is not None
        self._resuming.greeted(connection.ready, self._clock())
        return connection

    async def _drained(self, connection: Connection, attempts: int) -> CallError | None:
        """Make it the call's connection, and pass on what comes until it ends."""
        await self._adopt(connection)
        try:
            while (event := await connection.receive()) is not None:
                if self._resuming.note(event):
                    await self._events.put(event)
                if self._should_renew(event):
                    await connection.close(GOING_AWAY)
                    return ConnectionLost("The key expires. Another one is fetched.")
                if isinstance(event, Ready) and attempts:
                    await self._events.put(Reconnected(event.resumed, attempts))
        finally:
            self._settled.clear()
            self._connection = None
            self._resuming.lost(self._clock())
            await connection.close()
        error = connection.ending()
        if isinstance(error, Unauthorized) and callable(self._key):
            error = ConnectionLost(str(error))  # that key is over, but there are others
        if error is not None and connection.retry_after_s:
            error.retry_after_s = connection.retry_after_s
        return error

    def _should_renew(self, event: Event) -> bool:
        """Whether to go on over another connection, with another key, while there is time."""
        expires = isinstance(event, Notice) and event.code == "token_expires"
        return expires and callable(self._key) and self._resuming.possible

    async def _adopt(self, connection: Connection) -> None:
        resumed = connection.ready is not None and connection.ready.resumed
        with suppress(ConnectionError):
            if self._muted and not resumed:
                await connection.send({"type": "audio.mute"})
            await self._flush(connection)
        self._connection = connection
        self._settled.set()

    async def _flush(self, connection: Connection) -> None:
        """Send what waits, and what comes meanwhile. Raises `ConnectionError`."""
        async with self._sending:
            while said := self._resuming.outgoing.take():
                if isinstance(said, Speech):
                    await connection.send_audio(said.pcm, said.position)
                else:
                    await connection.send(said.message)

    # What the client says --------------------------------------------------------------------

    async def send_audio(self, audio: Samples | bytes) -> bool:
        """Send microphone audio: int16 samples, or the same as little-endian bytes.

        No pacing is needed. Without a connection the newest minute is kept for the session to come
        back. Returns False, and drops it, where that cannot be. Raises `ValueError` for half a
        sample, `TypeError` for samples that are not int16.
        """
        pcm = _pcm(audio)
        connection, resumes = self._connection, self._resuming.possible and not self._over
        if connection is None and not resumes:
            return False
        self._resuming.outgoing.speak(pcm)
        try:
            if connection is not None:
                await self._flush(connection)
        except ConnectionError:
            return resumes
        return True

    async def text(self, text: str, *, respond: bool = True) -> None:
        """A typed message; `respond` asks for an answer."""
        await self._send("text", text=text, respond=respond)

    async def say(self, text: str, *, voice: str | None = None, interruptible: bool = True) -> None:
        """Have this spoken as it is."""
        await self._send("say", text=text, voice=voice, interruptible=interruptible)

    async def respond(self, instructions: str | None = None, **request: Any) -> None:
        """Ask for an answer now; `request` takes the other fields of `respond` (PROTOCOL.md)."""
        await self._send("respond", instructions=instructions, **request)

    async def tool_result(
        self, call: str, output: Any = None, *, error: str | None = None, respond: bool = True
    ) -> None:
        """Answer a `ToolCall` with anything JSON can say, or with what went wrong."""
        await self._send("tool.result", call=call, output=output, error=error, respond=respond)

    async def history(self) -> None:
        """Ask what is remembered: a `History` comes."""
        await self._send("history.get")

    async def cancel(self, response: str | None = None) -> None:
        """Stop a reply; without a name the present one."""
        await self._send("cancel", response=response)

    async def commit(self, id: str | None = None) -> None:
        """End the user's turn here. With an `id` an `Ack` or an `Error` answers."""
        await self._send("audio.commit", id=id)

    async def clear(self) -> None:
        """Forget the user's turn."""
        await self._send("audio.clear")

    async def mute(self, muted: bool = True) -> None:
        """Have the microphone ignored, on later connections as well."""
        self._muted = muted
        await self._send("audio.mute" if muted else "audio.unmute")

    async def configure(self, **config: Any) -> None:
        """Change `language`, `voice`, `instructions`, `tools`, `turn` or whatever else there is.

        Later connections get it, too. A `Config` event confirms, an `Error` says what was wrong.
        """
        turn = {**self._config.get("turn", {}), **config.get("turn", {})}
        self._config = {**self._config, **config, "turn": turn}
        await self._send("config.update", config=config)

    async def ping(self) -> None:
        """Measure the round trip: a `Pong` comes with `t`, milliseconds of the loop's clock."""
        await self._send("ping", t=self._clock() * 1000)

    async def bye(self) -> None:
        """Say goodbye: the server ends the session, and then the events end."""
        await self._send("bye")

    async def played(self, stream: int, position: int, state: PlaybackState = "playing") -> None:
        """Report what was rendered, device latency subtracted. Dropped without a connection."""
        if (connection := self._connection) is not None:
            report = {"type": "playback", "stream": stream, "pos": position, "state": state}
            with suppress(ConnectionError):
                await connection.send(report)

    async def _send(self, type: str, **fields: object) -> None:
        """Send when there is a connection. Raises `ConnectionLost` when there will be none.

        A message that was on its way when a connection broke is sent again if the session comes
        back, and obeyed once; else it is lost. `Reconnected` tells.
        """
        await self._settled.wait()
        if (connection := self._connection) is None:
            raise ConnectionLost("The call is over.")
        message = {name: value for name, value in fields.items() if value is not None}
        resumes = self._resuming.possible and type not in FLEETING
        try:
            if resumes:
                self._resuming.outgoing.command({"type": type, **message})
                await self._flush(connection)
            else:
                await connection.send({"type": type, **message})
        except OverflowError as error:
            raise ConnectionLost(f"The server does not answer: {error}.") from None
        except ConnectionError:
            if not resumes:
                lost = "The connection broke before this could be sent."
                raise ConnectionLost(lost) from None


def _pcm(audio: Samples | bytes) -> bytes:
    if isinstance(audio, np.ndarray):
        if audio.dtype != np.int16:
            raise TypeError(f"samples are int16, not {audio.dtype}: scale and convert them first")
        return np.ascontiguousarray(audio, dtype="<i2").tobytes()
    if len(audio) % struct.calcsize("<h"):
        raise ValueError("audio holds whole samples of 2 bytes")
    return bytes(audio)
