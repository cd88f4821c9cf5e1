"""One conversation with one client, over as many lines as it takes.

One task holds the conversation, one writes: it alone takes events from the outbox, has the wire
number them, and sends them, if there is a line. Without a line they are only noted, the session
holds its voice, and a deadline runs. A client that comes back gets what it missed before anything
new. Calls whose wire cannot resume end with their line.

Every close by the server is explained first by an `error` event, and carries that error's code.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field

from voice_server import events as ev
from voice_server.calls.incoming import Incoming, pieces
from voice_server.calls.keeper import Keeper
from voice_server.calls.line import Line
from voice_server.calls.resumption import ELSEWHERE, FORGOTTEN, UNKNOWN, Resumption
from voice_server.calls.terms import Terms
from voice_server.closes import GOING_AWAY, NORMAL, ErrorCode
from voice_server.conversation.session import Session
from voice_server.intake import IntakeLimit, TooMuch
from voice_server.outbox import Outbox
from voice_server.tasks import cancelled, watched
from voice_server.wires.wire import Wire

Emit = Callable[[ev.ServerEvent], None]
OpenSession = Callable[[Emit], Session]

GOODBYE_S = 0.5
"""A line that is replaced has so long to take in why."""
LAST_WORDS_S = 4.0
"""A line that does not read has so long to begin again, and learn why it is closed."""


@dataclass(frozen=True, slots=True)
class Back:
    """A client that comes back to a call whose process it has lost."""

    asked: ev.ResumeAsked
    secret: str = field(repr=False)
    """Its next one."""


class Call:
    """Made when a client has said hello; `start` it."""

    def __init__(
        self,
        line: Line,
        *,
        wire: Wire,
        user: str,
        terms: Terms,
        open_session: OpenSession,
        resumption: Resumption | None,
        keeper: Keeper | None = None,
        back: Back | None = None,
    ) -> None:
        """`resumption`: None where the call ends with its line; `keeper`: None where it ends with
        this process; `back`: of a client that comes from another process.
        """
        self.user = user
        """Who may have it back."""
        self.line: Line | None = line
        """Where its client is at present."""
        self.wire = wire
        self._terms = terms
        self._limits, self._metrics = terms.limits, terms.metrics
        self._resumption = resumption
        self._keeper = keeper
        self._back = back
        self._outbox = Outbox(terms.limits.out_queue_bytes_max)
        self._due: deque[str | bytes] = deque()
        """Translated, for the present line."""
        self._news = asyncio.Event()
        self._left = asyncio.Event()
        self._reading = asyncio.Lock()
        """One line at a time is read: what it brought is counted before the next one begins."""
        self._patience: asyncio.Timeout | None = None
        """With the message that is being sent."""
        self._goodbyes: set[asyncio.Task[None]] = set()
        """What is still said to lines that are lost already."""
        self._deadline: asyncio.TimerHandle | None = None
        self._finishing = self._leaving = False
        self._close_code = NORMAL
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self.session = open_session(self.emit)
        if keeper:
            keeper.tell(self.emit)

    def start(self, on_end: Callable[[], Awaitable[None]]) -> None:
        """Begin to talk. `on_end` is awaited when it is over."""
        self._running = watched(self._run(on_end), lambda: None)

    async def _run(self, on_end: Callable[[], Awaitable[None]]) -> None:
        """Hold the conversation, whatever lines come and go, to its end."""
        talk = watched(self.session.run(), self._crash)
        writer = watched(self._write(), self._crash)
        left = asyncio.create_task(self._left.wait())
        keeping = watched(self._keep(), self._crash)
        try:
            await asyncio.wait({talk, writer, left}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(left)
            await cancelled(talk)
            self._finishing = True
            self._news.set()
            await asyncio.wait({writer}, timeout=self._limits.send_timeout_s)
            await cancelled(writer)
            await cancelled(keeping)
            try:
                await self._hang_up()
                if self._keeper:
                    await self._keeper.close(forget=not self._leaving)
            finally:
                await on_end()

    async def _hang_up(self) -> None:
        line, self.line = self.line, None
        self._stop_waiting()
        if line:
            await line.close(self._close_code)
        if self._goodbyes:
            await asyncio.wait(self._goodbyes)

    def leave(self) -> None:
        """The server is shutting down: end at the next pause."""
        self._leaving = True
        if self.line is None:
            self._left.set()
        self.session.inbox.post(ev.ServerLeaving())

    def abort(self) -> None:
        """End it here and now."""
        if self.line:
            self.line.abort()
        for goodbye in self._goodbyes:
            goodbye.cancel()
        self._left.set()

    def emit(self, event: ev.ServerEvent) -> None:
        """Tell the client, in its turn."""
        if self._back and isinstance(event, ev.SessionReady):
            self._receive_back(event, self._back)
            return
        if self._keeper and isinstance(event, ev.GoingAway):
            event = self._keeper.farewell(event)
        if self._resumption:
            event = self._resumption.complete(event)
        self._outbox.put(event)
        if self._outbox.overfull and self._patience and not self._patience.expired():
            self._patience.reschedule(self._clock())
        self._news.set()
        if isinstance(event, ev.ErrorRaised):
            self._metrics.errors.labels(event.code.value).inc()

    def _crash(self) -> None:
        """Something failed that nobody expected. It is logged; here the client is told."""
        message = "Something went wrong in the server. Connect again to go on."
        self.emit(ev.ErrorRaised(ErrorCode.INTERNAL, message, fatal=True))
        self._close_code = self._terms.close_code(ErrorCode.INTERNAL)

    # Lines -----------------------------------------------------------------------------------

    async def take_back(self, line: Line, asked: ev.ResumeAsked) -> str:
        """Go on over this line, if the client may. Returns why not, or nothing.

        A line that is still there is told that it was taken over. Whoever has the right secret and
        cannot be told everything that it missed gets no second chance: the call is over.
        """
        resumption = self._resumption
        secret = resumption.key.exchange(asked.secret) if resumption else None
        if resumption is None or secret is None:
            return UNKNOWN if await self._is_ours(surely=True) else ELSEWHERE
        self._dismiss()
        async with self._reading:
            self._dismiss()
            if not await self._is_ours(surely=True):
                return ELSEWHERE
            now = self._clock()
            missed = resumption.missed(asked)
            if missed is None or self.over:
                self._left.set()
                return ELSEWHERE if self._leaving else FORGOTTEN
            self._stop_waiting()
            self.line = line
            self._due.extend(resumption.again(secret, asked, missed, now))
        self._metrics.replayed.inc(len(missed))
        self._metrics.resumes.labels("resumed").inc()
        self.session.inbox.post(ev.LineBack())
        self._news.set()
        return ""

    def _receive_back(self, ready: ev.SessionReady, back: Back) -> None:
        """The session is here, and its client hears what it has missed before anything new."""
        assert self._resumption is not None
        self._back = None
        missed = self._resumption.missed(back.asked) or []
        self._resumption.met(ready)
        self._due.extend(self._resumption.again(back.secret, back.asked, missed, self._clock()))
        self._metrics.replayed.inc(len(missed))
        self._news.set()

    async def serve(self, line: Line, incoming: Incoming) -> None:
        """Take in what the client says over this line, until one side leaves."""
        incoming.wire = self.wire
        async with self._reading:
            reading = watched(self._read(incoming), self._crash)
            await asyncio.wait({reading, self._running}, return_when=asyncio.FIRST_COMPLETED)
            await cancelled(reading)
        self._lose(line)
        if self.over:
            await asyncio.wait({self._running})

    @property
    def over(self) -> bool:
        """Whether it ends, or has ended."""
        return self._finishing or self._left.is_set()

    async def ended(self) -> None:
        """Return when nothing of the call is left."""
        await asyncio.wait({self._running})

    async def _is_ours(self, *, surely: bool = False) -> bool:
        """Whether no other process has taken the call over, as far as the store can tell."""
        if self._keeper is None or await self._keeper.commit(surely=surely):
            return True
        self._give_over()
        return False

    async def _keep(self) -> None:
        if self._keeper:
            await self._keeper.keep()
            self._give_over()

    def _give_over(self) -> None:
        """Another process has the call: what was not committed was never said."""
        self._left.set()
        self._due.clear()
        self._dismiss()

    def _dismiss(self) -> None:
        """Somebody else has come: tell the present line, which may be long dead."""
        if line := self.line:
            self._part(line, ErrorCode.TAKEN_OVER, "This session goes on elsewhere.", GOODBYE_S)

    def _part(self, line: Line, code: ErrorCode, message: str, patience_s: float) -> None:
        """Lose a line, and tell it why as long as our patience lasts."""
        error, now = ev.ErrorRaised(code, message, fatal=True), self._clock()
        self._metrics.errors.labels(code.value).inc()
        if self._resumption:
            told = self._resumption.aside(error, now)
        else:
            told = self.wire.send(error, int(now * 1000))
        words = _goodbye(line, told, self._terms.close_code(code), patience_s)
        self._lose(line)
        goodbye = watched(words, lambda: None)
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)

    def _lose(self, line: Line) -> None:
        """A line is gone. Without one, a deadline runs; a client that has left is not awaited."""
        if self.line is not line:
            return
        self.line = None
        self._due.clear()
        if self._resumption is None or line.said_goodbye or not self._limits.resume_s or self.over:
            self._left.set()
            return
        self._metrics.detached.inc()
        self._deadline = self._loop.call_later(self._limits.resume_s, self._expire)
        self.session.inbox.post(ev.LineLost())

    def _stop_waiting(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
            self._metrics.detached.dec()

    def _expire(self) -> None:
        self._metrics.resumes.labels("expired").inc()
        self._left.set()

    # The reader ------------------------------------------------------------------------------

    async def _read(self, incoming: Incoming) -> None:
        intake = IntakeLimit(self._limits, self.session.options.input, self._clock())
        try:
            async for event in incoming:
                if self._resumption:
                    self._resumption.heard(event)
                await self._take_in(event, intake)
        except TooMuch as error:
            self._metrics.limit_hits.labels(error.limit).inc()
            self.emit(ev.ErrorRaised(error.code, str(error), fatal=True))
            await asyncio.wait({self._running})

    async def _take_in(self, event: ev.ClientEvent, intake: IntakeLimit) -> None:
        inbox = self.session.inbox
        limit, wait_s = intake.take(event, self._clock())
        if wait_s:
            self._metrics.limit_hits.labels(limit).inc()
            inbox.held_back = True
            await asyncio.sleep(wait_s)
            inbox.held_back = False
        if isinstance(event, ev.FormatsChanged):
            intake.reformat(event)
        for piece in pieces(event, self.session.options.input):
            await inbox.deliver(piece)

    # The writer ------------------------------------------------------------------------------

    async def _write(self) -> None:
        """Send what waits, until a fatal error was sent or the conversation is over."""
        over = False
        while not over:
            await self._send_due()
            if run := self._next():
                over = await self._tell_all(run)
            elif self._finishing:
                return
            else:
                self._news.clear()
                await self._news.wait()
        await self._send_due()

    def _next(self) -> list[ev.ServerEvent]:
        """What is told next: one by one, because only what waits can be voided, unless each step
        has to be committed.
        """
        if self._keeper:
            return self._outbox.take_run()
        event = self._outbox.take()
        return [] if event is None else [event]

    async def _tell_all(self, run: Sequence[ev.ServerEvent]) -> bool:
        """Translate, and commit before any text is sent. Returns whether nothing may follow."""
        texts, over = False, False
        for event in run:
            texts |= any(isinstance(message, str) for message in self._tell(event))
            if isinstance(event, ev.ErrorRaised) and event.fatal:
                over = True
                break
        return over or (texts and not await self._is_ours())

    def _tell(self, event: ev.ServerEvent) -> Sequence[str | bytes]:
        """Translate an event for whoever listens."""
        if self._outbox.overfull:
            self._give_up("out_queue_bytes")
        now = self._clock()
        if self._resumption:
            messages = self._resumption.numbered(event, now)
        else:
            messages = self.wire.send(event, int(now * 1000))
        if self.line:
            self._due.extend(messages)
        match event:
            case ev.ErrorRaised(code=code, fatal=True):
                self._close_code = self._terms.close_code(code)
            case ev.GoingAway():
                self._close_code = GOING_AWAY
        return messages

    async def _send_due(self) -> None:
        while self._due and (line := self.line):
            data = self._due.popleft()
            try:
                async with asyncio.timeout(self._limits.send_timeout_s) as self._patience:
                    await line.send(data)
            except TimeoutError:
                self._give_up("out_queue_bytes" if self._outbox.overfull else "send_timeout")
            except ConnectionError:
                self._lose(line)
            finally:
                self._patience = None

    def _give_up(self, limit: str) -> None:
        """The client does not read. What is on its way is lost; it may come back for that."""
        if line := self.line:
            self._metrics.limit_hits.labels(limit).inc()
            message = "You read more slowly than we speak. Connect again to go on."
            self._part(line, ErrorCode.SLOW_CONSUMER, message, LAST_WORDS_S)


async def _goodbye(line: Line, told: Iterable[str | bytes], code: int, patience_s: float) -> None:
    """Tell and close a line that may not listen any more; if it does not, it is gone."""
    try:
        async with asyncio.timeout(patience_s):
            for data in told:
                await line.send(data)
            await line.close(code)
    except (TimeoutError, ConnectionError):
        line.abort()
    except asyncio.CancelledError:
        line.abort()
        raise
