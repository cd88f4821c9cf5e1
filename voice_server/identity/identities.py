"""All of this room, put together for one server."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import aclosing, suppress

from voice_server.identity.address_places import AddressPlaces
from voice_server.identity.budgets import Budgets
from voice_server.identity.client_secrets import ClientSecrets
from voice_server.identity.doorkeeper import Doorkeeper
from voice_server.identity.live_sessions import LiveSessions
from voice_server.identity.memberships import LIFE_S
from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.revocations import RevocationFile, default_file
from voice_server.identity.store import Store, StoreUnavailable
from voice_server.identity.tickets import Tickets
from voice_server.identity.user_places import UserPlaces
from voice_server.metrics import Metrics
from voice_server.settings import Settings

logger = logging.getLogger(__name__)

LISTEN_AGAIN_S = 1.0
"""After a store failed that told what was revoked."""


class Identities:
    """What a server knows about those who may talk."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics | None = None,
        store: Store | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`store` is one that processes share; None: memory. `now` tells Unix seconds.

        Raises `SettingsError` where a key file cannot be used.
        """
        auth = settings.auth
        revoked = RevocationFile(auth.revoked_file or default_file())
        self.metrics = metrics = metrics or Metrics()
        self.now = now
        self.store = store or MemoryStore(time.monotonic, revoked)
        self.tickets = Tickets(self.store, auth.ticket_ttl_s)
        self.secrets = ClientSecrets(auth.secret)
        self.doorkeeper = Doorkeeper(
            auth,
            self.store,
            tickets=self.tickets,
            secrets=self.secrets,
            metrics=metrics,
            now=now,
        )
        self.budgets = Budgets(settings.budgets, self.store, metrics, now)
        self.user_places = UserPlaces(self.store, metrics, settings.limits.sessions_per_user_max)
        self.address_places = store and AddressPlaces(store, metrics, settings.limits)
        """None where this process counts alone."""
        self.live = LiveSessions()
        self.turns_max = settings.limits.turns_max
        """Of one session; 0: as many as there is time for."""
        self._recheck_s = auth.recheck_s
        self.trouble = ""
        """Why nothing could be remembered at the last look. Empty: all was well."""
        self._blind = False

    @property
    def forgetful(self) -> bool:
        """Whether nothing can be remembered now, so that nobody new is let in."""
        return bool(self.trouble) or self.doorkeeper.guesses.alone

    async def watch(self) -> None:
        """End sessions of whoever is revoked, and keep places of the others, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_now_and_then())
            tasks.create_task(self._look_when_told())

    async def _look_now_and_then(self) -> None:
        renewed_at = time.monotonic()
        while True:
            await asyncio.sleep(self._recheck_s)
            await self.look()
            if over := self.live.end_expired(self.now()):
                logger.info("sessions ended: tokens expired", extra={"sessions": over})
            if time.monotonic() - renewed_at > LIFE_S / 4:
                with suppress(StoreUnavailable):  # there is time to try again
                    await self._renew()
                    renewed_at = time.monotonic()

    async def _look_when_told(self) -> None:
        while True:
            with suppress(StoreUnavailable):
                async with aclosing(self.store.news()) as news:
                    async for _ in news:
                        await self.look()
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _renew(self) -> None:
        await self.user_places.renew()
        if self.address_places:
            await self.address_places.renew()

    async def look(self) -> None:
        """See whether the store is well, and what was revoked.

        Where that cannot be seen, what was known before holds.
        """
        self._notice(await self._trouble())
        try:
            revocations = await self.store.revocations()
        except StoreUnavailable as error:
            if not self._blind:
                logger.warning("cannot see what was revoked", extra={"reason": str(error)})
            self._blind = True
            return
        self._blind = False
        self.doorkeeper.revocations = revocations
        if over := self.live.end_revoked(revocations):
            logger.info("sessions ended: revoked", extra={"sessions": over})

    async def _trouble(self) -> str:
        try:
            await self.store.check()
        except StoreUnavailable as error:
            return str(error)
        return ""

    def _notice(self, trouble: str) -> None:
        if trouble and not self.trouble:
            logger.warning("the store fails: nobody new is let in", extra={"reason": trouble})
        elif self.trouble and not trouble:
            logger.info("the store is well again")
        self.trouble = trouble
        self.doorkeeper.guesses.alone = bool(trouble)
