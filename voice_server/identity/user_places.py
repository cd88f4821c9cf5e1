"""How many sessions one user has, on all processes together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voice_server.closes import ErrorCode
from voice_server.identity.identity import NOT_NOW, Denied, Identity, Refusal
from voice_server.identity.memberships import LIFE_S, Memberships
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.metrics import Metrics

RETRY_S = 5


class UserPlaces:
    """The places of all users."""

    def __init__(self, store: Store, metrics: Metrics, per_user_max: int) -> None:
        self._members = Memberships(store, per_user_max)
        self._metrics = metrics

    async def take(self, identity: Identity, member: str, life_s: float = LIFE_S) -> None:
        """Take a place, or the same one for longer. Raises `Denied` and `StoreUnavailable`."""
        if not identity.limited:
            return
        if not await self._members.join(_group(identity), member, life_s):
            self._metrics.limit_hits.labels("sessions_per_user").inc()
            message = (
                f"You have {self._members.limit} sessions already. "
                "Close one, or try again in a moment."
            )
            raise Denied(Refusal(ErrorCode.RATE_LIMITED, message, RETRY_S))

    @asynccontextmanager
    async def taken(self, identity: Identity, member: str) -> AsyncIterator[None]:
        """A place for as long as the context lasts. Raises `Denied`."""
        try:
            await self.take(identity, member)
        except StoreUnavailable as error:
            raise Denied(NOT_NOW) from error
        if not identity.limited:
            yield
            return
        async with self._members.kept(_group(identity), member):
            yield

    async def renew(self) -> None:
        """Keep what is taken from running out; see `Memberships.renew`."""
        await self._members.renew()


def _group(identity: Identity) -> str:
    return f"sessions:{identity.user}"
