"""The tab of one session: its budgets in slices, its turns on the leash, and the word when it ends.

Events are noted as they are emitted, without waiting; a task of the session's pays afterwards. A
slice is reserved before the session begins and whenever one is used up, so that a session never
uses more than its budget by more than what is under way.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.budgets import NAMES, Budgets, Kind, Reservation
from voice_server.identity.identity import Denied, Identity, Refusal
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.identity.usage import Usage

SLICES: dict[Kind, int] = {"audio_ms": 60_000, "llm_tokens": 2_000, "tts_chars": 2_000}
"""About what one long turn uses."""

USED_BY: dict[ev.Mode, tuple[Kind, ...]] = {
    "conversation": ("audio_ms", "llm_tokens", "tts_chars"),
    "transcription": ("audio_ms",),
    "tts": ("tts_chars",),
}
"""What a session of each mode can use."""

TURNS_TTL_S = 24 * 3600.0
"""Longer than any credential with a leash lives."""

Emit = Callable[[ev.ServerEvent], None]


class Tab:
    """Opened before a session, closed after it."""

    def __init__(
        self,
        identity: Identity,
        budgets: Budgets,
        store: Store,
        *,
        mode: ev.Mode,
        turns_max: int,
        emit: Emit,
    ) -> None:
        """`turns_max` is the session's own limit, 0 for none; `emit` tells the client."""
        self._identity = identity
        self._budgets = budgets
        self._store = store
        self._turns_max = turns_max
        self._emit = emit
        self._usage = Usage(answers=mode == "conversation")
        self._news = asyncio.Event()
        self._reserved: dict[Kind, list[Reservation]] = {kind: [] for kind in USED_BY[mode]}
        self._noticed: set[Kind] = set()
        self._turns_told = 0
        """How many turns of this session the store knows."""
        self._turns_total = 0

    def note(self, event: ev.ServerEvent) -> None:
        """See every event that the session emits."""
        if self._usage.note(event):
            self._news.set()

    async def run(self) -> None:
        """Pay for what is used until the session ends, or end it."""
        try:
            while True:
                await self._pay()
                await self._news.wait()
                self._news.clear()
        except Denied as denied:
            refusal = denied.refusal
            self._budgets.metrics.limit_hits.labels(refusal.code.value).inc()
            self._emit(ev.ErrorRaised(refusal.code, refusal.message, fatal=True))
        finally:
            await asyncio.shield(self._settle())

    async def _pay(self) -> None:
        """Raises `Denied` where a budget or the leash ends."""
        with suppress(StoreUnavailable):  # who is in may go on; the next payment makes up for it
            for kind in self._reserved:
                await self._top_up(kind)
                self._warn(kind)
            await self._count_turns()
        if self._turns_max and self._over(self._usage.turns, self._turns_max):
            message = f"A session has at most {self._turns_max} turns. Connect again to go on."
            raise Denied(Refusal(ErrorCode.MAX_SESSION, message))

    async def _top_up(self, kind: Kind) -> None:
        reserved = self._reserved[kind]
        while not reserved or self._usage.used[kind] >= self._held(kind):
            reserved.append(await self._budgets.reserve_some(self._identity, kind, SLICES[kind]))

    def _held(self, kind: Kind) -> int:
        return _amount(self._reserved[kind])

    def _warn(self, kind: Kind) -> None:
        """Tell the user once; what other sessions have reserved counts as used."""
        unused = self._held(kind) - self._usage.used[kind]
        total = self._reserved[kind][-1].total - unused
        nearly = self._budgets.nearly_gone(self._identity, kind, total)
        if nearly and kind not in self._noticed:
            self._noticed.add(kind)
            percent = 100 * total // self._budgets.limit(self._identity, kind)
            self._emit(
                ev.Noticed("budget_80", detail=f"{percent} % of today's {NAMES[kind]} are used.")
            )

    async def _count_turns(self) -> None:
        limit = self._identity.leash.turns_max
        if limit is None:
            return
        new = self._usage.turns - self._turns_told
        if new:
            account = turns_account(self._identity)
            total = await self._store.add(account, new, limit=None, ttl_s=TURNS_TTL_S)
            self._turns_told += new
            self._turns_total = total or 0
        if self._over(self._turns_total, limit):
            raise turns_spent(limit)

    def _over(self, turns: int, limit: int) -> bool:
        """Whether the last turn has had its answer, or one too many has begun."""
        return turns > limit or (turns == limit and self._usage.answered)

    async def _settle(self) -> None:
        with suppress(StoreUnavailable):
            for kind, slices in self._reserved.items():
                if slices:  # those before the last were used up, or there would be no last
                    *before, last = slices
                    used = self._usage.used[kind] - _amount(before)
                    await self._budgets.settle(self._identity, last, used)


def _amount(reserved: Iterable[Reservation]) -> int:
    return sum(reservation.amount for reservation in reserved)


def turns_account(identity: Identity) -> str:
    """Where the turns of a leashed credential are counted, whichever sessions they are in."""
    return f"turns:{identity.credential}"


def turns_spent(limit: int) -> Denied:
    """The leash ends."""
    message = f"All {limit} turns of this credential are used. Ask for another."
    return Denied(Refusal(ErrorCode.FORBIDDEN, message))
