"""What a user may use in a day: reserved first, settled afterwards.

Because the reservation is one atomic step in the store, users who come a hundred times at once get
no more than the budget. What turned out to be less is given back; what turned out to be more (a
reply that was longer than foreseen) is added, so that the sum stays true.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from voice_server.closes import ErrorCode
from voice_server.identity.identity import Denied, Identity, Refusal
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import BudgetSettings

Kind = Literal["audio_ms", "llm_tokens", "tts_chars"]

ACCOUNT_TTL_S = 2 * 24 * 3600.0
"""An account is for a day; another is time to settle."""

NAMES: dict[Kind, str] = {
    "audio_ms": "minutes of speech",
    "llm_tokens": "tokens of the language model",
    "tts_chars": "characters read out",
}
"""For sentences."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """A part of a budget that nobody else can spend."""

    account: str
    amount: int
    total: int
    """Of the account, with this."""


class Budgets:
    """The accounts of all users."""

    def __init__(
        self,
        settings: BudgetSettings,
        store: Store,
        metrics: Metrics,
        now: Callable[[], float],
    ) -> None:
        """`now` tells Unix seconds."""
        self._store = store
        self.metrics = metrics
        self._now = now
        self._notice_share = settings.notice_percent / 100
        self._limits: dict[Kind, int] = {
            "audio_ms": settings.audio_min_max * 60_000,
            "llm_tokens": settings.llm_tokens_max,
            "tts_chars": settings.tts_chars_max,
        }

    def limit(self, identity: Identity, kind: Kind) -> int:
        """What the user may use of it in a day; 0: as much as they like."""
        return self._limits[kind] if identity.limited else 0

    def nearly_gone(self, identity: Identity, kind: Kind, total: int) -> bool:
        """Whether the user should be told."""
        limit = self.limit(identity, kind)
        return bool(limit) and total >= limit * self._notice_share

    async def check(self, identity: Identity, kinds: Iterable[Kind]) -> None:
        """Raise `Denied` where something is used up; may raise `StoreUnavailable`."""
        for kind in kinds:
            limit = self.limit(identity, kind)
            if limit and await self._store.total(self._account(identity, kind)) >= limit:
                raise self._spent(kind)

    async def reserve(self, identity: Identity, kind: Kind, amount: int) -> Reservation:
        """Set an amount aside. Raises `Denied` where there is not so much left."""
        account, limit = self._account(identity, kind), self.limit(identity, kind)
        if not limit:
            return Reservation(account, amount, 0)
        total = await self._store.add(account, amount, limit=limit, ttl_s=ACCOUNT_TTL_S)
        if total is None:
            raise self._spent(kind)
        return Reservation(account, amount, total)

    async def reserve_some(self, identity: Identity, kind: Kind, amount: int) -> Reservation:
        """The same, or as much as is left. Raises `Denied` where that is nothing."""
        try:
            return await self.reserve(identity, kind, amount)
        except Denied:
            left = self.limit(identity, kind) - await self._store.total(
                self._account(identity, kind)
            )
            if left <= 0 or left >= amount:
                raise
            return await self.reserve(identity, kind, left)

    async def settle(self, identity: Identity, reserved: Reservation, used: int) -> None:
        """Give back what was not used, or add what was used besides."""
        if identity.limited and used != reserved.amount:
            difference = used - reserved.amount
            await self._store.add(reserved.account, difference, limit=None, ttl_s=ACCOUNT_TTL_S)

    def _account(self, identity: Identity, kind: Kind) -> str:
        day = datetime.fromtimestamp(self._now(), UTC).date()
        return f"spent:{identity.user}:{kind}:{day}"

    def _spent(self, kind: Kind) -> Denied:
        self.metrics.limit_hits.labels(f"budget_{kind}").inc()
        now = datetime.fromtimestamp(self._now(), UTC)
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        wait_s = int((midnight - now).total_seconds()) + 1
        message = f"Today's budget of {NAMES[kind]} is used up. It is renewed at midnight UTC."
        return Denied(Refusal(ErrorCode.BUDGET_EXCEEDED, message, wait_s))


@dataclass(slots=True)
class Bill:
    """What one request has used so far."""

    used: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """The budgets of whoever made a request."""

    identity: Identity
    budgets: Budgets

    @asynccontextmanager
    async def spending(self, kind: Kind, at_most: int) -> AsyncIterator[Bill]:
        """Reserve an amount, and settle for what the bill says in the end.

        Raises `Denied` where there is not so much left, and `StoreUnavailable`.
        """
        await self.budgets.check(self.identity, [kind])
        reserved = await self.budgets.reserve(self.identity, kind, at_most)
        bill = Bill()
        try:
            yield bill
        finally:
            with suppress(StoreUnavailable):  # too much is reserved then, and not too little
                await asyncio.shield(self.budgets.settle(self.identity, reserved, bill.used))
