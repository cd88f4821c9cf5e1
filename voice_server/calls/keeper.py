"""Keeps one call where another process finds it: commits, then lets it be sent.

A commit is one step of the store, and the store knows whose call it is: the answer may be that
somebody else has it, and then everything here is over. While the store is away the conversation
goes on at once and its client knows: what was not committed waits, bounded like the journal, and
is committed in order as soon as the store is back. The newest commit also says that we live, so
one is made now and then although nothing has happened.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from voice_server import events as ev
from voice_server.calls.call_store import CallStore, Commit, Outcome
from voice_server.calls.resumption import Resumption
from voice_server.identity.store import StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallName:
    """Which call it is, and whose."""

    session: str
    user: str


class Keeper:
    """One call's owner, as far as the store is concerned."""

    def __init__(
        self,
        store: CallStore,
        name: CallName,
        resumption: Resumption,
        *,
        settings: Settings,
        metrics: Metrics,
        new: bool,
    ) -> None:
        """`new`: the store has never heard of this call."""
        self.durable = True
        """Whether the store knows everything that was told."""
        self.fenced = False
        """Another process has the call."""
        self._store = store
        self._name = name
        self._resumption = resumption
        self._touch_s = settings.store.call_touch_s
        self._retry_s = settings.store.call_retry_s
        self._spread_ms = settings.server.drain_spread_ms
        self._metrics = metrics
        self._new = new
        self._emit: Callable[[ev.ServerEvent], None] = lambda event: None
        self._one_at_a_time = asyncio.Lock()

    def tell(self, emit: Callable[[ev.ServerEvent], None]) -> None:
        """Whom to tell when it changes whether the call is safe."""
        self._emit = emit

    async def commit(self, *, surely: bool = False) -> bool:
        """Commit what was told and not committed; False if the call is not ours any more.

        Returns at once while the store is away, unless `surely` somebody has to be asked.
        """
        if self.durable or surely:
            async with self._one_at_a_time:
                await self._commit()
        return not self.fenced

    async def keep(self) -> None:
        """Show that the call lives, and make up for what could not be committed; until fenced."""
        while not self.fenced:
            await asyncio.sleep(self._touch_s if self.durable else self._retry_s)
            async with self._one_at_a_time:
                await self._commit()

    def farewell(self, event: ev.GoingAway) -> ev.GoingAway:
        """What a client is told whose call may go on in another process."""
        if not self.durable:
            return event
        return replace(event, resumes=True, in_ms=random.randint(0, self._spread_ms))

    async def close(self, *, forget: bool) -> None:
        """The call is over here; `forget`: everywhere."""
        if not self.durable:
            self._metrics.undurable.dec()
        with suppress(StoreUnavailable):
            if forget and not self.fenced:
                await self._store.forget(self._name.session, self._resumption.epoch)

    # One step --------------------------------------------------------------------------------

    async def _commit(self) -> None:
        if self.fenced:
            return
        try:
            outcome = await self._taken(self._resumption.changes())
        except asyncio.CancelledError:
            self._resumption.put_back()
            raise
        except StoreUnavailable:
            self._resumption.put_back()
            self._count("failed")
            self._be_durable(False)
            return
        self._count(outcome.name.lower())
        self.fenced = outcome is Outcome.FENCED
        if self.fenced:
            logger.info("a call goes on in another process", extra={"session": self._name.session})
        else:
            self._be_durable(True)

    async def _taken(self, changes: Commit) -> Outcome:
        session, user = self._name.session, self._name.user
        if not self._new:
            outcome = await self._store.commit(session, changes)
            if outcome is not Outcome.MISSING:
                return outcome
            logger.warning("a call was forgotten, and is kept anew", extra={"session": session})
        outcome = await self._store.create(session, user, self._resumption.whole())
        self._new = False
        return outcome

    def _count(self, outcome: str) -> None:
        self._metrics.call_commits.labels(outcome).inc()

    def _be_durable(self, durable: bool) -> None:
        if durable is self.durable:
            return
        self.durable = durable
        if durable:
            self._metrics.undurable.dec()
            self._emit(ev.Noticed("durable", detail="everything that was said is kept safely"))
        else:
            self._metrics.undurable.inc()
            self._emit(ev.Noticed("not_durable", detail="what is said now is kept by one process"))
