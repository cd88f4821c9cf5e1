"""A store for one process: dictionaries with lives. What was revoked may also lie in a file.

Every table is bounded. Where one is full of what still counts, nothing new is remembered, because
forgetting could be a way in.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from voice_server.identity.revocations import RevocationFile
from voice_server.identity.store import StoreUnavailable

ENTRIES_MAX = 100_000
"""Of each kind: some tens of megabytes."""

SWEEP_S = 1.0

V = TypeVar("V")


@dataclass(slots=True)
class _Mortal(Generic[V]):
    value: V
    dies_at: float


@dataclass(slots=True)
class _Table(Generic[V]):
    """Values that are gone when their time is over."""

    entries_max: int
    entries: dict[str, _Mortal[V]] = field(default_factory=dict)
    _swept_at: float = -SWEEP_S

    def get(self, key: str, now: float) -> V | None:
        entry = self.entries.get(key)
        return entry.value if entry and entry.dies_at > now else None

    def set(self, key: str, value: V, dies_at: float, now: float) -> None:
        if key not in self.entries and len(self.entries) >= self.entries_max:
            self._sweep(now)
            if len(self.entries) >= self.entries_max:
                raise StoreUnavailable("too much to remember at once")
        self.entries[key] = _Mortal(value, dies_at)

    def _sweep(self, now: float) -> None:
        """Remove the dead; not at every call, because it looks at everything."""
        if now - self._swept_at >= SWEEP_S:
            self._swept_at = now
            self.entries = {k: e for k, e in self.entries.items() if e.dies_at > now}


class MemoryStore:
    """See `Store`. No method awaits anything, so each is atomic."""

    def __init__(
        self,
        clock: Callable[[], float],
        revoked: RevocationFile | None = None,
        entries_max: int = ENTRIES_MAX,
    ) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._file = revoked
        self._entries_max = entries_max
        self._values: _Table[bytes] = _Table(entries_max)
        self._counts: dict[str, _Table[int]] = {}
        """By the first word of their keys: guesses must not take the place of budgets."""
        self._groups: dict[str, _Table[None]] = {}
        self._revoked: dict[str, float] = {}
        self._revoked_something = asyncio.Event()

    async def check(self) -> None:
        """See `Store`."""

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """See `Store`."""
        now = self._clock()
        self._values.set(key, value, now + ttl_s, now)

    async def take(self, key: str) -> bytes | None:
        """See `Store`."""
        value = self._values.get(key, self._clock())
        self._values.entries.pop(key, None)
        return value

    async def add(self, key: str, amount: int, *, limit: int | None, ttl_s: float) -> int | None:
        """See `Store`."""
        now, counts = self._clock(), self._counts_like(key)
        before = counts.get(key, now)
        total = max(0, (before or 0) + amount)
        if limit is not None and amount > 0 and total > limit:
            return None
        dies_at = now + ttl_s if before is None else counts.entries[key].dies_at
        counts.set(key, total, dies_at, now)
        return total

    async def total(self, key: str) -> int:
        """See `Store`."""
        return self._counts_like(key).get(key, self._clock()) or 0

    async def join(self, group: str, member: str, *, limit: int, ttl_s: float) -> bool:
        """See `Store`."""
        now = self._clock()
        members = self._members(group, now)
        if member not in members.entries and len(members.entries) >= limit:
            return False
        members.set(member, None, now + ttl_s, now)
        return True

    async def leave(self, group: str, member: str) -> None:
        """See `Store`."""
        if members := self._groups.get(group):
            members.entries.pop(member, None)
            if not members.entries:
                del self._groups[group]

    async def revoke(self, subject: str, at: float) -> None:
        """See `Store`."""
        if len(self._revoked) >= self._entries_max and subject not in self._revoked:
            raise StoreUnavailable("too much was revoked to remember it all")
        self._revoked[subject] = at
        self._revoked_something.set()

    async def revocations(self) -> Mapping[str, float]:
        """See `Store`."""
        on_file = await self._file.read() if self._file else {}
        return {**on_file, **self._revoked}

    async def news(self) -> AsyncGenerator[None, None]:
        """See `Store`."""
        while True:
            self._revoked_something.clear()
            yield
            await self._revoked_something.wait()

    def _counts_like(self, key: str) -> _Table[int]:
        return self._counts.setdefault(key.partition(":")[0], _Table(self._entries_max))

    def _members(self, group: str, now: float) -> _Table[None]:
        if group not in self._groups and len(self._groups) >= self._entries_max:
            raise StoreUnavailable("too many groups at once")
        members = self._groups.setdefault(group, _Table(self._entries_max))
        members.entries = {m: e for m, e in members.entries.items() if e.dies_at > now}
        return members
