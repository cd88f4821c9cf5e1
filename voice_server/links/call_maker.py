"""Makes calls: new ones, and those that another process has lost."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from voice_server import events as ev
from voice_server.calls import adoption
from voice_server.calls.call import Back, Call, Emit
from voice_server.calls.keeper import CallName, Keeper
from voice_server.calls.ledger import Ledger, Opening
from voice_server.calls.line import Line
from voice_server.calls.lost_calls import LostCall, LostCalls, NotFound
from voice_server.calls.register import CallRegister
from voice_server.calls.resume_key import ResumeKey
from voice_server.calls.resumption import UNKNOWN, Resumption
from voice_server.calls.standing import Conversation, Standing
from voice_server.calls.terms import Terms
from voice_server.conversation.beginning import FRESH, Beginning
from voice_server.conversation.history import History
from voice_server.conversation.house import House
from voice_server.conversation.session import Session
from voice_server.links.caller import Caller
from voice_server.wires.wire import Resumable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Everything that differs from call to call."""

    options: ev.SessionOptions
    house: House
    """As it is for this caller."""
    resumption: Resumption | None = None
    keeper: Keeper | None = None
    beginning: Beginning = FRESH
    back: Back | None = None


class CallMaker:
    """One per process."""

    def __init__(self, house: House, calls: CallRegister, lost: LostCalls | None) -> None:
        """`lost`: None where calls end with this process."""
        self._house = house
        self._calls = calls
        self._lost = lost

    def terms(self, caller: Caller) -> Terms:
        """On what terms somebody talks to us."""
        limits = caller.manners.limits(self._house.settings.limits)
        return Terms(limits, caller.manners.close_code, self._house.metrics)

    # New calls -------------------------------------------------------------------------------

    def new(self, line: Line, caller: Caller, asked: ev.SessionOptions, refused: str) -> Call:
        """A call that begins now; `refused` is why its client did not get the one it wanted."""
        options, house = caller.visit.options(asked), self._house_of(caller)
        resumption = keeper = None
        if options.resumes and house.settings.limits.resume_s:
            resumption, keeper = self._resumable(caller, options, house, refused)
        return self._begin(line, caller, _Plan(options, house, resumption, keeper))

    def _resumable(
        self, caller: Caller, options: ev.SessionOptions, house: House, refused: str
    ) -> tuple[Resumption | None, Keeper | None]:
        """What outlives the line, and what outlives the process."""
        wire = caller.wire
        if not isinstance(wire, Resumable):
            return None, None
        if self._lost is None:
            return Resumption(wire, options, house.settings, refused), None
        key = ResumeKey()
        history = History(house.settings.llm.history_bytes_max)
        nothing_yet = Conversation(Standing(config=options.config), history)
        ledger = Ledger(Opening(options, time.time()), nothing_yet, key)
        resumption = Resumption(wire, options, house.settings, refused, key=key, ledger=ledger)
        return resumption, self._keeper(self._lost, caller, resumption, new=True)

    # Calls of other processes ----------------------------------------------------------------

    async def adopted(self, line: Line, caller: Caller, asked: ev.ResumeAsked) -> Call:
        """The call that a client had with another process.

        Raises `NotFound`, `StoreUnavailable`, and `Denied` where there is no place for it.
        """
        wire, visit = caller.wire, caller.visit
        if self._lost is None or not isinstance(wire, Resumable):
            raise NotFound(UNKNOWN)
        now = asyncio.get_running_loop().time()
        found = await self._lost.adopt(asked, visit.identity.user, now)
        await caller.place.give_back()
        visit.session = asked.session
        await caller.place.take(returns=True)
        house = self._house_of(caller)
        begin = adoption.beginning(found.record, asked, asked.session, time.time())
        resumption = _restored(wire, found, asked, begin, house)
        keeper = self._keeper(self._lost, caller, resumption, new=False)
        options, back = adoption.options(found.record), Back(asked, found.secret)
        self._house.metrics.resumes.labels("adopted").inc()
        return self._begin(line, caller, _Plan(options, house, resumption, keeper, begin, back))

    def _keeper(
        self, lost: LostCalls, caller: Caller, resumption: Resumption, *, new: bool
    ) -> Keeper:
        name = CallName(caller.visit.session, caller.visit.identity.user)
        return Keeper(
            lost.store,
            name,
            resumption,
            settings=self._house.settings,
            metrics=self._house.metrics,
            new=new,
        )

    # Both ------------------------------------------------------------------------------------

    def _house_of(self, caller: Caller) -> House:
        settings = caller.visit.settings(self._house.settings)
        limits = caller.manners.limits(settings.limits)
        return replace(self._house, settings=settings.model_copy(update={"limits": limits}))

    def _begin(self, line: Line, caller: Caller, plan: _Plan) -> Call:
        visit = caller.visit

        def open_session(emit: Emit) -> Session:
            noted = visit.begin(plan.options.mode, emit)
            if transcripts := plan.house.transcripts:
                noted = transcripts.follow(visit.session, visit.identity.user, noted)
            return Session(visit.session, plan.options, plan.house, noted, plan.beginning)

        call = Call(
            line,
            wire=caller.wire,
            user=visit.identity.user,
            terms=self.terms(caller),
            open_session=open_session,
            resumption=plan.resumption,
            keeper=plan.keeper,
            back=plan.back,
        )
        self._note_begin(caller, plan.options)
        self._calls.start(call, self._end_of(caller))
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


def _restored(
    wire: Resumable, found: LostCall, asked: ev.ResumeAsked, begin: Beginning, house: House
) -> Resumption:
    """What the process before knew of the client, and the wire as it was there."""
    record, options = found.record, adoption.options(found.record)
    sent = record.conversation.standing.sent
    seen = max(sent, asked.last_number)
    wire.restore(options, seen, begin.position, record.conversation.acknowledged)
    resumption = Resumption(
        wire,
        options,
        house.settings,
        key=found.key,
        epoch=record.epoch,
        position=begin.position,
        ledger=Ledger(record.opening, record.conversation, found.key),
    )
    resumption.restore(record.entries, sent, seen, asyncio.get_running_loop().time())
    return resumption
