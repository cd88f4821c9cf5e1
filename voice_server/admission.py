"""Who is let in: decided before the upgrade, from what the request says.

Order: is the server meant, is this browser page ours, who is it, is there room. The first answer
that is a refusal counts.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from models.load import Load
from voice_server.arrivals import Arrivals
from voice_server.closes import ErrorCode
from voice_server.exposure import host_allowed, origin_allowed
from voice_server.headroom import Headroom
from voice_server.identity.approach import Approach
from voice_server.identity.identities import Identities
from voice_server.identity.identity import NOT_NOW, Denied, Identity, Refusal
from voice_server.identity.store import StoreUnavailable
from voice_server.settings import Settings

__all__ = ["Admission", "Refusal"]

RETRY_S = 5


class Admission:
    """The door: checks callers, and counts those inside."""

    def __init__(
        self,
        settings: Settings,
        identities: Identities | None = None,
        clock: Callable[[], float] = time.monotonic,
        load: Callable[[], Load] = Load,
        memory_share: Callable[[], float] = float,
    ) -> None:
        """`clock` in seconds; `load` says how busy the models are, `memory_share` how much of the
        memory is ours.
        """
        self.draining = False
        """The server is shutting down: nobody new is let in."""
        self.identities = identities or Identities(settings)
        self.settings = settings
        self._clock = clock
        self._load = load
        self._memory_share = memory_share
        self._headroom = Headroom(settings.limits)
        self._inside: Counter[str] = Counter()
        self._arrivals = Arrivals(settings.limits, clock())
        self._kept: dict[str, float] = {}
        """Places kept free, by ticket, until when."""

    @property
    def full(self) -> bool:
        """Whether every place is taken or kept for somebody, or those who talk would suffer."""
        return self._no_place or self._load().full or self._lacking() is not None

    def _lacking(self) -> str | None:
        """What this process has too little of. If nobody is inside, that is not their doing."""
        lacking = self._headroom.lacking(self._clock(), self._memory_share())
        return lacking if self._inside else None

    @property
    def _no_place(self) -> bool:
        now = self._clock()
        self._kept = {ticket: until for ticket, until in self._kept.items() if until > now}
        return self._inside.total() + len(self._kept) >= self.settings.limits.sessions_max

    def loop_lagged(self, seconds: float) -> None:
        """The event loop woke up so late."""
        self._headroom.lagged(self._clock(), seconds)

    async def admit(self, approach: Approach) -> Identity:
        """Whoever may come in at all. Raises `Denied`."""
        self._check_page(approach)
        try:
            return await self.identities.doorkeeper.identify(approach)
        except StoreUnavailable as error:
            raise Denied(NOT_NOW) from error

    @asynccontextmanager
    async def place(
        self, identity: Identity, address: str, session: str, *, returns: bool = False
    ) -> AsyncIterator[None]:
        """A place for one session, for as long as the context lasts. Raises `Denied`.

        `session` names it among those of the user; see `enter`.
        """
        if refusal := self.enter(address, identity.credential, returns=returns):
            raise Denied(refusal)
        try:
            member = identity.credential if identity.how == "ticket" else session
            async with (
                self._shared_place(address, session),
                self.identities.user_places.taken(identity, member),
            ):
                yield
        finally:
            self.leave(address)

    def _shared_place(self, address: str, session: str) -> AbstractAsyncContextManager[None]:
        """Among those of all processes. Raises `Denied`."""
        if self.identities.forgetful:
            raise Denied(NOT_NOW)
        places = self.identities.address_places
        return places.taken(address, session) if places else nullcontext()

    def enter(self, address: str, ticket: str = "", *, returns: bool = False) -> Refusal | None:
        """Take a place for a session from this address; `leave` gives it back.

        Who `returns` has lost another process: they were let in, and are no newcomers.
        """
        limits = self.settings.limits
        if self.draining:
            return Refusal(ErrorCode.NO_CAPACITY, "The server is restarting. Try again.", RETRY_S)
        self._kept.pop(ticket, None)
        if not returns and (refusal := self._strained()):
            return refusal
        if self._no_place:
            self._hit("sessions")
            message = f"All {limits.sessions_max} places are taken. Try again in a moment."
            return Refusal(ErrorCode.NO_CAPACITY, message, RETRY_S)
        if self._inside[address] >= limits.sessions_per_ip_max:
            self._hit("sessions_per_ip")
            message = f"{limits.sessions_per_ip_max} sessions are open from your address already."
            return Refusal(ErrorCode.RATE_LIMITED, message, RETRY_S)
        if not returns and (limit := self._arrivals.reached(address, self._clock())):
            self._hit(limit)
            return Refusal(ErrorCode.RATE_LIMITED, "Too many come at once. Try again.", 1)
        self._inside[address] += 1
        return None

    def _strained(self) -> Refusal | None:
        """Why newcomers have to wait, if those who talk are not to suffer."""
        if (load := self._load()).full:
            self._hit("asr_load")
            message = "The models are too busy for more speakers. Try again in a moment."
            return Refusal(ErrorCode.NO_CAPACITY, message, load.retry_after_s)
        if lacking := self._lacking():
            self._hit(lacking)
            message = "The server is too busy for more speakers. Try again in a moment."
            return Refusal(ErrorCode.NO_CAPACITY, message, RETRY_S)
        return None

    def leave(self, address: str) -> None:
        """A session from this address has ended."""
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]

    async def keep(self, holder: Identity, seconds: float) -> None:
        """Keep a place free for whoever brings this ticket.

        Raises `Denied` where there is none, and `StoreUnavailable`.
        """
        if self.draining or self.full or self.identities.forgetful:
            raise Denied(NOT_NOW)
        ticket = holder.credential
        self._kept[ticket] = self._clock() + seconds
        try:
            await self.identities.user_places.take(holder, ticket, seconds)
        except (Denied, StoreUnavailable):
            del self._kept[ticket]
            raise

    def _hit(self, limit: str) -> None:
        self.identities.metrics.limit_hits.labels(limit).inc()

    def _check_page(self, approach: Approach) -> None:
        host, origin = approach.headers.get("Host", ""), approach.origin
        if not host_allowed(host, self.settings):
            message = f"This server does not answer to the name {host[:80]!r}. Use its address."
            raise Denied(Refusal(ErrorCode.ORIGIN_DENIED, message))
        allowed = self.settings.server.allowed_origins
        if origin is not None and not origin_allowed(origin, host, allowed):
            message = "This page may not use the server. Add its origin to server.allowed_origins."
            raise Denied(Refusal(ErrorCode.ORIGIN_DENIED, message))
