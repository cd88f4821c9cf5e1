"""A `CallStore` in memory: several houses of one test can share it, and it can be switched off."""

from dataclasses import dataclass, field, replace

from voice_server.calls.call_store import Claim, Commit, Kept, Outcome
from voice_server.identity.store import StoreUnavailable


@dataclass(slots=True)
class _Call:
    user: str
    epoch: int
    last: int = 0
    digests: tuple[str, ...] = ()
    fields: dict[str, bytes] = field(default_factory=dict)
    entries: list[bytes] = field(default_factory=list)

    def add(self, commit: Commit) -> None:
        news = commit.entries[max(0, self.last + 1 - commit.first) :]
        self.last = max(self.last, commit.first + len(commit.entries) - 1)
        self.fields |= commit.fields
        self.digests = commit.digests
        self.entries = [*self.entries, *news]
        del self.entries[: max(0, len(self.entries) - commit.entries_kept)]


class MemoryCalls:
    """See `CallStore`. Nothing is forgotten by itself."""

    def __init__(self, other: "MemoryCalls | None" = None) -> None:
        """`other`: another process's way to the same store."""
        self.broken = False
        """Nobody answers this process."""
        self.calls: dict[str, _Call] = {} if other is None else other.calls
        self.commits = 0
        """How often somebody has changed something."""

    async def create(self, session: str, user: str, commit: Commit) -> Outcome:
        """See `CallStore`."""
        self._answer()
        there = self.calls.get(session)
        if there and there.epoch > commit.epoch:
            return Outcome.FENCED
        self.calls[session] = _Call(user, commit.epoch, last=commit.first - 1)
        return await self.commit(session, commit)

    async def commit(self, session: str, commit: Commit) -> Outcome:
        """See `CallStore`."""
        self._answer()
        there = self.calls.get(session)
        if there is None or there.epoch < commit.epoch:
            return Outcome.MISSING
        if there.epoch > commit.epoch:
            return Outcome.FENCED
        if commit.first > there.last + 1:
            return Outcome.MISSING
        there.add(commit)
        self.commits += 1
        return Outcome.KEPT

    async def adopt(self, session: str, claim: Claim) -> Kept | None:
        """See `CallStore`."""
        self._answer()
        there = self.calls.get(session)
        if there is None or there.user != claim.user or claim.offered not in there.digests:
            return None
        self.calls[session] = replace(
            there, epoch=there.epoch + 1, digests=(claim.offered, claim.fresh)
        )
        return Kept(there.epoch + 1, dict(there.fields), list(there.entries))

    async def belongs(self, session: str, user: str) -> bool:
        """See `CallStore`."""
        self._answer()
        return session in self.calls and self.calls[session].user == user

    async def forget(self, session: str, epoch: int) -> None:
        """See `CallStore`."""
        self._answer()
        if session not in self.calls or self.calls[session].epoch <= epoch:
            self.calls[session] = _Call("", epoch + 1)

    def _answer(self) -> None:
        if self.broken:
            raise StoreUnavailable("switched off")
