"""The operator: puts every line through to its call, a new one or the one that its client lost."""

import asyncio

from voice_server import events as ev
from voice_server.calls.call import Call
from voice_server.calls.call_store import CallStore
from voice_server.calls.greeting import Greeting
from voice_server.calls.incoming import Incoming
from voice_server.calls.line import Line
from voice_server.calls.lost_calls import LostCalls, NotFound
from voice_server.calls.register import CallRegister
from voice_server.calls.resumption import ELSEWHERE
from voice_server.closes import ErrorCode
from voice_server.conversation.house import House
from voice_server.identity.identity import NOT_NOW, Denied, Refusal
from voice_server.identity.store import StoreUnavailable
from voice_server.links.call_maker import CallMaker
from voice_server.links.caller import Caller


class Operator:
    """One per process."""

    def __init__(self, house: House, store: CallStore | None = None) -> None:
        """`store` keeps calls for the case that this process dies."""
        self.calls = CallRegister()
        self._house = house
        history_bytes_max = house.settings.llm.history_bytes_max
        self._lost = LostCalls(store, history_bytes_max) if store else None
        self._maker = CallMaker(house, self.calls, self._lost)
        self._lines: set[Line] = set()
        """All that are open, with a call or without."""
        self._leaving = False
        """Lost calls are for other processes."""
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
        terms = self._maker.terms(caller)
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

    async def _call_for(
        self, line: Line, caller: Caller, opened: ev.SessionOpened
    ) -> tuple[Call | None, ev.ErrorRaised | None]:
        """The client's call, or why it gets none."""
        refused = ""
        if asked := opened.resume:
            found = await self._call_of(line, caller, asked)
            if not isinstance(found, str):
                return found
            refused = found
            self._house.metrics.resumes.labels("refused").inc()
            if asked.required:
                message = "That session is over. Start a new one."
                return None, ev.ErrorRaised(ErrorCode.SESSION_NOT_FOUND, message, fatal=True)
        try:
            await caller.place.take()
        except Denied as denied:
            return None, _said(denied.refusal)
        return self._maker.new(line, caller, opened.options, refused), None

    # Who comes back --------------------------------------------------------------------------

    async def expects(self, session: str, user: str) -> bool:
        """Whether somebody may come back to that session: they have a place already."""
        call = self.calls.find(session, user)
        if self._leaving:
            return call is not None and not call.over
        return bool(call) or (self._lost is not None and await self._lost.expects(session, user))

    async def _call_of(
        self, line: Line, caller: Caller, asked: ev.ResumeAsked
    ) -> tuple[Call | None, ev.ErrorRaised | None] | str:
        """The call that a client wants back, or an error; else the reason why there is none."""
        call = self.calls.find(asked.session, caller.visit.identity.user)
        refused = await call.take_back(line, asked) if call else ELSEWHERE
        if call and not refused:
            await caller.place.give_back()  # the call has its own
            caller.visit.resume(asked.session)
            return call, None
        if refused != ELSEWHERE:
            return refused
        if call:
            await call.ended()
        try:
            return await self._maker.adopted(line, caller, asked), None
        except NotFound as reason:
            return str(reason)
        except StoreUnavailable:
            return None, _said(NOT_NOW)
        except Denied as denied:
            return None, _said(denied.refusal)

    # The end ---------------------------------------------------------------------------------

    def leave(self) -> None:
        """Ask every call to end at its next pause."""
        self._leaving = True
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


def _said(refusal: Refusal) -> ev.ErrorRaised:
    wait_s = refusal.retry_after_s
    return ev.ErrorRaised(refusal.code, refusal.message, fatal=True, retry_after_s=wait_s)
