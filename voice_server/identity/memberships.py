"""Who belongs to which group, of so many at most, on all processes together.

A membership has a life, and is renewed as long as it is kept: a process that dies keeps nobody out
for long.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from voice_server.identity.store import Store, StoreUnavailable

LIFE_S = 120.0


class Memberships:
    """Groups of at most `limit`, and those of their members that are this process's."""

    def __init__(self, store: Store, limit: int) -> None:
        self.limit = limit
        self._store = store
        self._kept: set[tuple[str, str]] = set()

    async def join(self, group: str, member: str, life_s: float = LIFE_S) -> bool:
        """Belong to a group, or for longer; False where it is full. Raises `StoreUnavailable`."""
        return await self._store.join(group, member, limit=self.limit, ttl_s=life_s)

    @asynccontextmanager
    async def kept(self, group: str, member: str) -> AsyncIterator[None]:
        """Have a member that joined renewed for as long as the context lasts; then it leaves."""
        self._kept.add((group, member))
        try:
            yield
        finally:
            self._kept.discard((group, member))
            with suppress(StoreUnavailable):
                await self._store.leave(group, member)

    async def renew(self) -> None:
        """Keep all from dying; more often than every `LIFE_S`. Raises `StoreUnavailable`."""
        for group, member in list(self._kept):
            await self.join(group, member)
