"""Where calls are kept for the case that their process dies: what such a store must do.

A call has one owner, a process, and an epoch that counts its owners. Whoever adopts a call raises
the epoch in the same step, and from then on every commit of the owner before is refused: it is
*fenced* (Kleppmann, "How to do distributed locking", 2016). A step whose answer was lost may be
taken again: entries have numbers, and what is there already is not added twice.

`tests/support/call_store_contract.py` holds what every store must do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

Fields = Mapping[str, bytes]


class Outcome(Enum):
    """What became of a commit."""

    KEPT = auto()
    FENCED = auto()
    """Another process has the call."""
    MISSING = auto()
    """The store has no such call, or only that of an earlier owner, or not all of its entries."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What has changed in one call. Of a call that is there nothing else is touched."""

    epoch: int
    fields: Fields = field(repr=False)
    """Replaced by name."""
    digests: tuple[str, ...]
    """Of the secrets that open the call."""
    first: int = 0
    """Number of the first entry."""
    entries: Sequence[bytes] = field(default=(), repr=False)
    """Appended; numbered without gaps."""
    entries_kept: int = 0
    """Of all entries, so many of the newest stay."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody wants to go on with a call."""

    user: str
    offered: str
    """Digest of the secret that the client showed."""
    fresh: str
    """Digest of the one that it is given."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything that is known about a call."""

    epoch: int
    """Of whoever has just adopted it."""
    fields: Fields = field(repr=False)
    entries: Sequence[bytes] = field(repr=False)
    """Oldest first."""


class CallStore(Protocol):
    """Every method is one step, whoever else takes one, and may raise `StoreUnavailable`.

    A call is forgotten by itself when nobody has committed to it for a while.
    """

    async def create(self, session: str, user: str, commit: Commit) -> Outcome:
        """Keep a call from here on, in place of what an earlier owner left. Never `MISSING`."""
        ...

    async def commit(self, session: str, commit: Commit) -> Outcome:
        """Note what has changed."""
        ...

    async def adopt(self, session: str, claim: Claim) -> Kept | None:
        """Become the owner of that user's call; None unless its secret was shown.

        From then on what was offered opens the call, and what is fresh.
        """
        ...

    async def belongs(self, session: str, user: str) -> bool:
        """Whether there is such a call of this user."""
        ...

    async def forget(self, session: str, epoch: int) -> None:
        """The call is over, unless there is a later owner. Whoever commits to it is fenced."""
        ...
