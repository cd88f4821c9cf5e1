"""Tickets: somebody who has a key lets a browser talk once, without giving it the key.

A ticket is 256 random bits that mean nothing: what it allows stays in the store, under its hash,
until it is used or its time is over. Whoever reads a log afterwards holds a used ticket. A store
that crashed may have forgotten the last second, and so that a ticket was used: whoever redeemed it
remembers that, too.
"""

import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from voice_server.identity.identity import Identity
from voice_server.identity.store import Store, StoreUnavailable

PREFIX: Final = "tk_"

USED_MAX = 100_000
"""Tickets used within the life of one that are remembered here."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One that was just issued."""

    value: str
    identity: Identity
    expires_at: float
    """Unix seconds."""


class Tickets:
    """Issues tickets, and takes them back once."""

    def __init__(
        self, store: Store, ttl_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` is monotonic, in seconds."""
        self._store = store
        self._ttl_s = ttl_s
        self._clock = clock
        self._used: dict[str, float] = {}
        """What was used here, and when it would have died; the oldest first."""

    async def issue(self, identity: Identity, now: float) -> Ticket:
        """A ticket for one session of `identity`. `now` in Unix seconds.

        Raises `StoreUnavailable`.
        """
        value = PREFIX + secrets.token_urlsafe(32)
        held = replace(
            identity,
            how="ticket",
            credential=credential(value),
            issued_at=now,
            expires_at=None,
        )
        await self._store.put(_key(value), msgspec.json.encode(held), self._ttl_s)
        return Ticket(value, held, now + self._ttl_s)

    async def redeem(self, value: str) -> Identity | None:
        """Whoever the ticket was issued to; None if it is used, over, or none of ours.

        Raises `StoreUnavailable`.
        """
        key = _key(value)
        self._forget_the_dead()
        if key in self._used:
            return None
        if len(self._used) >= USED_MAX:
            raise StoreUnavailable("too many tickets at once")
        held = await self._store.take(key)
        if held is None:
            return None
        self._used[key] = self._clock() + self._ttl_s
        return msgspec.json.decode(held, type=Identity)

    def _forget_the_dead(self) -> None:
        now = self._clock()
        while self._used and next(iter(self._used.values())) <= now:
            del self._used[next(iter(self._used))]


def credential(value: str) -> str:
    """Names a ticket without giving it away."""
    return f"ticket_{_hash(value)[:12]}"


def _key(value: str) -> str:
    return f"ticket:{_hash(value)}"


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()
