"""A WebSocket connection: two tasks that move bytes, and nothing else.

The reader receives, always; the writer alone sends. Between them and the session stand the wire
(bytes to events and back), the inbox and the outbox. A client that floods is slowed by its own
socket, because the reader waits; a client that does not read fills the outbox and is cut off.

Every close by the server is explained first by an `error` event, and carries that error's code.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Protocol

from aiohttp import WSCloseCode, WSMessage, WSMsgType

from audio.formats import AudioFormat
from voice_server import events as ev
from voice_server.closes import CLOSES, GOING_AWAY, NORMAL, ErrorCode
from voice_server.conversation.session import Session
from voice_server.intake import IntakeLimit
from voice_server.metrics import Metrics
from voice_server.outbox import Outbox
from voice_server.settings import LimitSettings
from voice_server.tasks import watched
from voice_server.wires import Wire

logger = logging.getLogger(__name__)

OpenSession = Callable[[ev.SessionOptions, Callable[[ev.ServerEvent], None]], Session]


class MessageSocket(Protocol):
    """What a link needs of a socket; aiohttp's is one."""

    @property
    def close_code(self) -> int | None:
        """How it was closed."""
        ...

    def __aiter__(self) -> AsyncIterator[WSMessage]:
        """The messages that come, until it closes."""
        ...

    async def send_bytes(self, data: bytes) -> None:
        """Send a binary message."""
        ...

    async def send_str(self, data: str) -> None:
        """Send a text message."""
        ...

    async def close(self, *, code: int) -> object:
        """Close it."""
        ...


class WebSocketLink:
    """One client, from the upgrade to the close."""

    def __init__(
        self,
        *,
        socket: MessageSocket,
        transport: asyncio.Transport,
        wire: Wire,
        limits: LimitSettings,
        metrics: Metrics,
        open_session: OpenSession,
        close_code: Callable[[ErrorCode], int] = lambda code: CLOSES[code].code,
    ) -> None:
        self.session: Session | None = None
        """Set once the client has opened it."""
        self._socket = socket
        self._transport = transport
        self._wire = wire
        self._limits = limits
        self._metrics = metrics
        self._open_session = open_session
        self._code_after = close_code
        self._outbox = Outbox(limits.out_queue_bytes_max)
        self._filled = asyncio.Event()
        self._finishing = False
        self._close_code = NORMAL
        self._clock = asyncio.get_running_loop().time

    async def run(self) -> None:
        """Serve the client until one side leaves."""
        writer = watched(self._write(), self._crash)
        conversation = watched(self._converse(), self._crash)
        try:
            await asyncio.wait({writer, conversation}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(conversation)
            self._finishing = True
            self._filled.set()
            await asyncio.wait({writer}, timeout=self._limits.send_timeout_s)
            await _cancelled(writer)
            await self._close()

    async def _close(self) -> None:
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._socket.close(code=self._close_code)
        except TimeoutError:
            self.abort()

    def leave(self) -> None:
        """The server is shutting down: end at the next pause."""
        if self.session:
            self.session.inbox.post(ev.ServerLeaving())
        else:
            self.abort()

    def refuse_flood(self) -> None:
        """The client pings faster than it may."""
        message = f"Send at most {self._limits.control_frames_per_s} pings per second."
        self._emit(ev.ErrorRaised(ErrorCode.RATE_LIMITED, message, fatal=True))

    def abort(self) -> None:
        """Drop the connection: a peer that does not read would keep a polite close waiting."""
        self._transport.abort()

    # The conversation ------------------------------------------------------------------------

    async def _converse(self) -> None:
        events = self._events()
        options = await self._opened(events)
        if options is None:
            return
        self.session = self._open_session(options, self._emit)
        reader = watched(self._deliver(events, self.session, options), self._crash)
        talk = watched(self.session.run(), self._crash)
        try:
            await asyncio.wait({reader, talk}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _cancelled(reader)
            await _cancelled(talk)

    async def _opened(self, events: AsyncIterator[ev.ClientEvent]) -> ev.SessionOptions | None:
        """Wait for the client to open a session; None if it leaves or cannot."""
        try:
            async with asyncio.timeout(self._limits.hello_timeout_s):
                async for event in events:
                    match event:
                        case ev.SessionOpened(options):
                            return options
                        case ev.MessageRefused(code, message, id, fatal):
                            self._emit(ev.ErrorRaised(code, message, fatal, id))
                            if fatal:
                                return None
                        case _:
                            pass
        except TimeoutError:
            seconds = f"{self._limits.hello_timeout_s:g}"
            message = f"Nothing came for {seconds} s. Send hello, or audio, after connecting."
            self._emit(ev.ErrorRaised(ErrorCode.HELLO_TIMEOUT, message, fatal=True))
        return None

    def _crash(self) -> None:
        """Something failed that nobody expected. It is logged; here the client is told."""
        message = "Something went wrong in the server. Connect again to go on."
        self._emit(ev.ErrorRaised(ErrorCode.INTERNAL, message, fatal=True))
        self._close_code = self._code_after(ErrorCode.INTERNAL)

    # The reader ------------------------------------------------------------------------------

    async def _deliver(
        self, events: AsyncIterator[ev.ClientEvent], session: Session, options: ev.SessionOptions
    ) -> None:
        intake = IntakeLimit(self._limits, options.input, self._clock())
        async for event in events:
            limit, wait_s = intake.take(event, self._clock())
            if wait_s:
                self._metrics.limit_hits.labels(limit).inc()
                session.inbox.held_back = True
                await asyncio.sleep(wait_s)
                session.inbox.held_back = False
            if isinstance(event, ev.FormatsChanged):
                intake.reformat(event)
            for piece in _pieces(event, options.input):
                await session.inbox.deliver(piece)

    async def _events(self) -> AsyncIterator[ev.ClientEvent]:
        """What the client says, until it leaves."""
        refused = 0
        for event in self._wire.greet():
            yield event
        async for data in self._messages():
            for event in self._wire.receive(data):
                refused = refused + 1 if isinstance(event, ev.MessageRefused) else 0
                yield event
            if refused >= self._limits.bad_messages_max:
                message = f"{refused} messages in a row could not be understood."
                self._emit(ev.ErrorRaised(ErrorCode.BAD_REQUEST, message, fatal=True))
                return

    async def _messages(self) -> AsyncIterator[str | bytes]:
        async for message in self._socket:
            if message.type is WSMsgType.TEXT:
                if len(message.data.encode()) <= self._limits.text_bytes_max:
                    yield message.data
                else:
                    self._metrics.limit_hits.labels("text_bytes").inc()
                    text = f"A text message has at most {self._limits.text_bytes_max} bytes."
                    self._emit(ev.ErrorRaised(ErrorCode.TOO_LARGE, text))
            elif message.type is WSMsgType.BINARY:
                yield message.data
        if self._socket.close_code == WSCloseCode.MESSAGE_TOO_BIG:
            self._metrics.limit_hits.labels("message_bytes").inc()

    # The writer ------------------------------------------------------------------------------

    def _emit(self, event: ev.ServerEvent) -> None:
        self._outbox.put(event)
        self._filled.set()
        if isinstance(event, ev.ErrorRaised):
            self._metrics.errors.labels(event.code.value).inc()

    async def _write(self) -> None:
        """Send what waits, until a fatal error was sent or the conversation is over."""
        while await self._send_next():
            pass

    async def _send_next(self) -> bool:
        event = self._outbox.take()
        if event is None:
            if self._finishing:
                return False
            self._filled.clear()
            await self._filled.wait()
            return True
        if self._outbox.overfull:
            return self._give_up("out_queue_bytes")
        try:
            async with asyncio.timeout(self._limits.send_timeout_s):
                await self._send(event)
        except TimeoutError:
            return self._give_up("send_timeout")
        except ConnectionError:
            return False
        return self._goes_on_after(event)

    async def _send(self, event: ev.ServerEvent) -> None:
        for data in self._wire.send(event, int(self._clock() * 1000)):
            if isinstance(data, bytes):
                await self._socket.send_bytes(data)
            else:
                await self._socket.send_str(data)

    def _goes_on_after(self, event: ev.ServerEvent) -> bool:
        match event:
            case ev.ErrorRaised(code=code, fatal=True):
                self._close_code = self._code_after(code)
                return False
            case ev.GoingAway():
                self._close_code = GOING_AWAY
        return True

    def _give_up(self, limit: str) -> bool:
        """The client does not read: nothing can be explained to it any more."""
        self._metrics.limit_hits.labels(limit).inc()
        self._metrics.errors.labels(ErrorCode.SLOW_CONSUMER.value).inc()
        self._close_code = self._code_after(ErrorCode.SLOW_CONSUMER)
        self.abort()
        return False


def _pieces(event: ev.ClientEvent, format: AudioFormat) -> Iterable[ev.ClientEvent]:
    """A long message in pieces of a second at most, so that none keeps the event loop busy."""
    second = format.frame_bytes * format.rate
    if not isinstance(event, ev.AudioReceived) or len(event.data) <= second:
        return (event,)
    starts = range(0, len(event.data), second)
    return [ev.AudioReceived(event.data[start : start + second]) for start in starts]


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
