"""How many sessions one user has, on all processes together.

A place is a membership with a life, renewed while the session lasts: a process that dies keeps
nobody out for long.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from voice_server.closes import ErrorCode
from voice_server.identity.identity import NOT_NOW, Denied, Identity, Refusal
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.metrics import Metrics

LIFE_S = 120.0
RETRY_S = 5


class UserPlaces:
    """The places of all users."""

    def __init__(self, store: Store, metrics: Metrics, per_user_max: int) -> None:
        self._store = store
        self._metrics = metrics
        self._per_user_max = per_user_max
        self._taken: set[tuple[str, str]] = set()

    async def take(self, identity: Identity, member: str, life_s: float = LIFE_S) -> None:
        """Take a place, or the same one for longer. Raises `Denied` and `StoreUnavailable`."""
        if not identity.limited:
            return
        limit = self._per_user_max
        group = _group(identity.user)
        if not await self._store.join(group, member, limit=limit, ttl_s=life_s):
            self._metrics.limit_hits.labels("sessions_per_user").inc()
            message = f"You have {limit} sessions already. Close one, or try again in a moment."
            raise Denied(Refusal(ErrorCode.RATE_LIMITED, message, RETRY_S))

    @asynccontextmanager
    async def taken(self, identity: Identity, member: str) -> AsyncIterator[None]:
        """A place for as long as the context lasts. Raises `Denied`."""
        try:
            await self.take(identity, member)
        except StoreUnavailable as error:
            raise Denied(NOT_NOW) from error
        place = (identity.user, member)
        self._taken.add(place)
        try:
            yield
        finally:
            self._taken.discard(place)
            with suppress(StoreUnavailable):
                await self._store.leave(_group(identity.user), member)

    async def renew(self) -> None:
        """Keep what is taken from running out; more often than every `LIFE_S`."""
        for user, member in list(self._taken):
            await self._store.join(_group(user), member, limit=self._per_user_max, ttl_s=LIFE_S)


def _group(user: str) -> str:
    return f"sessions:{user}"
