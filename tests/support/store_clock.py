"""A clock that a test turns by hand, and a store that lives by it."""

from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.store import StoreUnavailable

NOON = 1_795_262_400.0
"""Unix seconds: 2026-11-21 12:00 UTC."""


class HandClock:
    """Seconds since some beginning."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class BrokenStore(MemoryStore):
    """A store whose machine can be switched off."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock)
        self.broken = True

    async def take(self, key: str) -> bytes | None:
        """As in `Store`."""
        self._check()
        return await super().take(key)

    async def add(self, key: str, amount: int, *, limit: int | None, ttl_s: float) -> int | None:
        """As in `Store`."""
        self._check()
        return await super().add(key, amount, limit=limit, ttl_s=ttl_s)

    async def total(self, key: str) -> int:
        """As in `Store`."""
        self._check()
        return await super().total(key)

    async def join(self, group: str, member: str, *, limit: int, ttl_s: float) -> bool:
        """As in `Store`."""
        self._check()
        return await super().join(group, member, limit=limit, ttl_s=ttl_s)

    def _check(self) -> None:
        if self.broken:
            raise StoreUnavailable("switched off")
