"""The operator: puts every line through to its call, a new one or the one that its client lost."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from voice_server import events as ev
from voice_server.calls.call import Call, Emit
from voice_server.calls.greeting import Greeting
from voice_server.calls.incoming import Incoming
from voice_server.calls.line import Line
from voice_server.calls.register import CallRegister
from voice_server.calls.resumption import UNKNOWN, Resumption
from voice_server.calls.terms import Terms
from voice_server.closes import ErrorCode
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.identity.identity import Denied
from voice_server.links.caller import Caller
from voice_server.wires.wire import Resumable

logger = logging.getLogger(__name__)


class Operator:
    """One per process."""

    def __init__(self, house: House) -> None:
        self.calls = CallRegister()
        self._house = house
        self._lines: set[Line] = set()
        """All that are open, with a call or without."""
        self._quiet = asyncio.Event()
        self._quiet.set()

    async def put_through(self, line: Line, caller: Caller) -> None:
        """Talk on this line until it is gone or the call is over."""
        self._lines.add(line)
        self._quiet.clear()
        try:
            await self._greet(line, caller)
        finally:
            self._lines.discard(line)
            if not self._lines:
                self._quiet.set()

    async def _greet(self, line: Line, caller: Caller) -> None:
        terms = self._terms(caller)
        incoming = Incoming(line, caller.wire, terms.limits.bad_messages_max)
        greeting = Greeting(line, incoming, terms)
        opened = await greeting.opened()
        if opened is None:
            return
        call, error = await self._call_for(line, caller, opened)
        if call:
            await call.serve(line, incoming)
        elif error:
            await greeting.refuse(error)

    def _terms(self, caller: Caller) -> Terms:
        limits = caller.manners.limits(self._house.settings.limits)
        return Terms(limits, caller.manners.close_code, self._house.metrics)

    async def _call_for(
        self, line: Line, caller: Caller, opened: ev.SessionOpened
    ) -> tuple[Call | None, ev.ErrorRaised | None]:
        """The client's call, or why it gets none."""
        refused = ""
        if asked := opened.resume:
            call = self.calls.find(asked.session, caller.visit.identity.user)
            refused = await call.take_back(line, asked) if call else UNKNOWN
            if not refused:
                await caller.place.give_back()  # the call has its own
                return call, None
            self._house.metrics.resumes.labels("refused").inc()
            if asked.required:
                message = "That session is over. Start a new one."
                return None, ev.ErrorRaised(ErrorCode.SESSION_NOT_FOUND, message, fatal=True)
        try:
            await caller.place.take()
        except Denied as denied:
            refusal = denied.refusal
            return None, ev.ErrorRaised(refusal.code, refusal.message, fatal=True)
        return self._new_call(line, caller, opened.options, refused), None

    def _new_call(self, line: Line, caller: Caller, asked: ev.SessionOptions, refused: str) -> Call:
        visit, wire = caller.visit, caller.wire
        options = visit.options(asked)
        settings = visit.settings(self._house.settings)
        limits = caller.manners.limits(settings.limits)
        house = replace(self._house, settings=settings.model_copy(update={"limits": limits}))
        resumption = None
        if options.resumes and isinstance(wire, Resumable) and house.settings.limits.resume_s:
            resumption = Resumption(wire, options, house.settings, refused)

        def open_session(emit: Emit) -> Session:
            return Session(visit.session, options, house, visit.begin(options.mode, emit))

        call = Call(
            line,
            wire=wire,
            user=visit.identity.user,
            terms=self._terms(caller),
            open_session=open_session,
            resumption=resumption,
        )
        self._note_begin(caller, options)
        self.calls.start(call, self._end_of(caller))
        return call

    def _note_begin(self, caller: Caller, options: ev.SessionOptions) -> None:
        self._house.metrics.sessions.inc()
        self._house.metrics.sessions_total.labels(options.mode).inc()
        identity = caller.visit.identity
        extra = {"session": caller.visit.session, "mode": options.mode, "client": options.client}
        extra |= {"user": identity.user, "how": identity.how}
        logger.info("session opened", extra=extra)

    def _end_of(self, caller: Caller) -> Callable[[], Awaitable[None]]:
        """What is to be done when the call is over."""
        place = caller.place.hand_over()

        async def end() -> None:
            self._house.metrics.sessions.dec()
            async with place:
                await caller.visit.end()

        return end

    # The end ---------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ask every call to end at its next pause."""
        self.calls.leave()
        for line in self._lines:
            if not self.calls.on(line):
                line.abort()

    def abort(self) -> None:
        """Cut off whoever is still there."""
        self.calls.abort()
        for line in self._lines:
            line.abort()

    async def idle(self) -> None:
        """Return when there is neither a line nor a call."""
        await self._quiet.wait()
        await self.calls.idle()
