"""What has to be remembered between requests, and by all server processes together.

Each method is one atomic step, whoever else calls at the same time: that is all that single use,
exact limits and budgets need. `tests/support/store_contract.py` holds what every store must do.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol


class StoreUnavailable(Exception):
    """The store does not answer, or has no room. Nobody new is let in; who is in may go on."""


class Store(Protocol):
    """Every method may raise `StoreUnavailable`.

    It has done nothing then, or, where only its answer was lost, harmed nobody but the caller: a
    value is taken, an amount spent, a place gone until its life is over.
    """

    async def check(self) -> None:
        """Do nothing, but raise where nothing could be remembered now."""
        ...

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        """Keep a value for `ttl_s` seconds."""
        ...

    async def take(self, key: str) -> bytes | None:
        """Remove a value and return it. Of many that take one, one gets it."""
        ...

    async def add(self, key: str, amount: int, *, limit: int | None, ttl_s: float) -> int | None:
        """Add to a count and return the sum; None, and no change, where it would pass `limit`.

        A count begins at 0, lives `ttl_s` from its first addition, and never falls below 0. What
        is taken away (a negative amount) passes no limit.
        """
        ...

    async def total(self, key: str) -> int:
        """A count as it is; 0 where there is none."""
        ...

    async def join(self, group: str, member: str, *, limit: int, ttl_s: float) -> bool:
        """Be a member of a group of at most `limit` for `ttl_s`; False where it is full.

        Whoever is a member already may join again: it lives on.
        """
        ...

    async def leave(self, group: str, member: str) -> None:
        """Be a member no more; nothing happens to who was none."""
        ...

    async def revoke(self, subject: str, at: float) -> None:
        """What was issued to or as `subject` before `at` (Unix seconds) is void."""
        ...

    async def revocations(self) -> Mapping[str, float]:
        """Everything that was revoked, and when."""
        ...

    def news(self) -> AsyncGenerator[None, None]:
        """Yield at once, and whenever something was revoked since, in whichever process.

        News may be missed: look now and then all the same.
        """
        ...
