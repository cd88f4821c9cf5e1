"""Calls whose process may be gone: found in a store by whoever has their secret."""

from dataclasses import dataclass, field

from voice_server import events as ev
from voice_server.calls import adoption, ledger
from voice_server.calls.call_store import CallStore, Claim
from voice_server.calls.ledger import Record, RecordError
from voice_server.calls.resume_key import ResumeKey, digest
from voice_server.calls.resumption import FORGOTTEN, UNKNOWN
from voice_server.identity.store import StoreUnavailable


class NotFound(Exception):
    """The call cannot go on here. The message is the reason that the client is given."""


@dataclass(frozen=True, slots=True)
class LostCall:
    """A call that is ours now."""

    record: Record
    key: ResumeKey
    secret: str = field(repr=False)
    """The client's next one."""


class LostCalls:
    """What one process may take over from the others."""

    def __init__(self, store: CallStore, history_bytes_max: int) -> None:
        self.store = store
        self._history_bytes_max = history_bytes_max

    async def expects(self, session: str, user: str) -> bool:
        """Whether this user may be coming back: then a place is kept for them already."""
        try:
            return bool(session) and await self.store.belongs(session, user)
        except StoreUnavailable:
            return False

    async def adopt(self, asked: ev.ResumeAsked, user: str, now: float) -> LostCall:
        """Take a call over. `now` is our monotonic clock.

        Whoever has the right secret and cannot be told everything gets no second chance. Raises
        `NotFound` and `StoreUnavailable`.
        """
        key = ResumeKey()
        secret = key.issue()
        offered, fresh = digest(asked.secret), key.digests[0]
        kept = await self.store.adopt(asked.session, Claim(user, offered, fresh))
        if kept is None:
            raise NotFound(UNKNOWN)
        try:
            record = ledger.read(kept, self._history_bytes_max, now)
        except RecordError:
            await self.store.forget(asked.session, kept.epoch)
            raise NotFound(UNKNOWN) from None
        if not adoption.can_go_on(record, asked):
            await self.store.forget(asked.session, kept.epoch)
            raise NotFound(FORGOTTEN)
        return LostCall(record, ResumeKey((offered, fresh)), secret)
