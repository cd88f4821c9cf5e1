"""How many sessions come from one address, and how fast, where several processes share a store.

One process alone counts these itself, and exactly (see `Admission`). Together they would let in as
many times more as there are processes, so that a store that is shared has to count as well.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voice_server.arrivals import BURST_S
from voice_server.closes import ErrorCode
from voice_server.identity.identity import NOT_NOW, Denied, Refusal
from voice_server.identity.memberships import Memberships
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.metrics import Metrics
from voice_server.settings import LimitSettings

RETRY_S = 5


class AddressPlaces:
    """The places of all addresses."""

    def __init__(self, store: Store, metrics: Metrics, limits: LimitSettings) -> None:
        self._store = store
        self._metrics = metrics
        self._members = Memberships(store, limits.sessions_per_ip_max)
        self._arrivals_max = round(limits.arrivals_per_s_per_ip_max * BURST_S)

    @asynccontextmanager
    async def taken(self, address: str, session: str) -> AsyncIterator[None]:
        """A place for as long as the context lasts. Raises `Denied`."""
        group = f"sessions_at:{address}"
        try:
            await self._arrive(address)
            joined = await self._members.join(group, session)
        except StoreUnavailable as error:
            raise Denied(NOT_NOW) from error
        if not joined:
            message = f"{self._members.limit} sessions are open from your address already."
            raise self._denied("sessions_per_ip", message, RETRY_S)
        async with self._members.kept(group, session):
            yield

    async def renew(self) -> None:
        """Keep what is taken from running out; see `Memberships.renew`."""
        await self._members.renew()

    async def _arrive(self, address: str) -> None:
        """Count those who begin within `BURST_S` of the first."""
        arrivals = f"arrivals:{address}"
        if await self._store.add(arrivals, 1, limit=self._arrivals_max, ttl_s=BURST_S) is None:
            raise self._denied("arrivals_per_ip", "Too many come at once. Try again.", 1)

    def _denied(self, limit: str, message: str, retry_s: int) -> Denied:
        self._metrics.limit_hits.labels(limit).inc()
        return Denied(Refusal(ErrorCode.RATE_LIMITED, message, retry_s))
