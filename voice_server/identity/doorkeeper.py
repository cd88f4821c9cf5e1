"""Believes a credential, or denies it. The one place that looks at keys, tickets and tokens."""

from collections.abc import Callable, Mapping

from voice_server.closes import ErrorCode
from voice_server.identity import client_secrets, tickets
from voice_server.identity.approach import Approach
from voice_server.identity.client_secrets import ClientSecrets
from voice_server.identity.guesses import MINUTE_S, Guesses
from voice_server.identity.identity import ANYONE, Denied, Identity, Refusal
from voice_server.identity.keys import KeyRing
from voice_server.identity.provider_tokens import ProviderTokens
from voice_server.identity.revocations import is_revoked
from voice_server.identity.store import Store
from voice_server.identity.tab import turns_account, turns_spent
from voice_server.identity.tickets import Tickets
from voice_server.metrics import Metrics
from voice_server.settings import AuthSettings

_NEEDED = "A key is needed: send Authorization: Bearer, or the subprotocol token.KEY."


class Doorkeeper:
    """Knows who may come in."""

    def __init__(
        self,
        settings: AuthSettings,
        store: Store,
        *,
        tickets: Tickets,
        secrets: ClientSecrets,
        metrics: Metrics,
        now: Callable[[], float],
    ) -> None:
        """`now` tells Unix seconds. Raises `KeyEntryError` and `SettingsError`."""
        self.revocations: Mapping[str, float] = {}
        """What was revoked, as far as this process has heard."""
        self._settings = settings
        self._store = store
        self.guesses = Guesses(store)
        self._tickets = tickets
        self._secrets = secrets
        self._metrics = metrics
        self._now = now
        self._keys = KeyRing(settings.keys)
        self._provider = ProviderTokens(settings.jwt) if settings.jwt.issuer else None

    async def identify(self, approach: Approach) -> Identity:
        """Whoever it is. Raises `Denied` and `StoreUnavailable`."""
        offered = approach.credential
        if not offered and self._settings.allow_query_token:
            offered = approach.credential_in_address
        if not offered:
            if self._settings.required:
                raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _NEEDED))
            return ANYONE
        identity = await self._believed(offered, approach.address)
        if is_revoked(identity, self.revocations):
            raise Denied(
                Refusal(ErrorCode.REVOKED, "This credential was revoked. Ask for another.")
            )
        await self._check_leash(identity, approach.origin)
        return identity

    async def _believed(self, offered: str, address: str) -> Identity:
        """Whoever this credential makes you. Guesses are counted by address."""
        if await self.guesses.total(address) >= self._settings.failures_per_min_max:
            self._metrics.limit_hits.labels("failures_per_min").inc()
            raise _too_many_failures()
        try:
            return await self._looked_up(offered)
        except Denied as denied:
            if denied.refusal.code is ErrorCode.UNAUTHORIZED:
                await self.guesses.add(address)
            raise

    async def _looked_up(self, offered: str) -> Identity:
        if offered.startswith(client_secrets.PREFIX):
            return self._secrets.believe(offered, self._now())
        if offered.startswith(tickets.PREFIX):
            if identity := await self._tickets.redeem(offered):
                return identity
            message = "The ticket was used, or has expired. Ask for another."
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, message))
        if not self._settings.required:
            return ANYONE
        if key := self._keys.find(offered):
            return Identity(key.user, "key", key.credential)
        if self._provider and offered.count(".") == 2:
            return self._provider.believe(offered, self._now())
        raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _NEEDED))

    async def _check_leash(self, identity: Identity, origin: str | None) -> None:
        leash = identity.leash
        if leash.origin is not None and origin != leash.origin:
            message = f"This credential is for pages of {leash.origin} only."
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, message))
        turns_max = leash.turns_max
        if turns_max is not None and await self._turns(identity) >= turns_max:
            self._metrics.limit_hits.labels("turns").inc()
            raise turns_spent(turns_max)

    async def _turns(self, identity: Identity) -> int:
        return await self._store.total(turns_account(identity))


def _too_many_failures() -> Denied:
    message = "Too many wrong keys came from your address. Wait a minute."
    return Denied(Refusal(ErrorCode.RATE_LIMITED, message, MINUTE_S))
