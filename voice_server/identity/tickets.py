"""Tickets: somebody who has a key lets a browser talk once, without giving it the key.

A ticket is 256 random bits that mean nothing: what it allows stays in the store, under its hash,
until it is used or its time is over. Whoever reads a log afterwards holds a used ticket.
"""

import hashlib
import secrets
from dataclasses import dataclass, replace
from typing import Final

import msgspec

from voice_server.identity.identity import Identity
from voice_server.identity.store import Store

PREFIX: Final = "tk_"


@dataclass(frozen=True, slots=True)
class Ticket:
    """One that was just issued."""

    value: str
    identity: Identity
    expires_at: float
    """Unix seconds."""


class Tickets:
    """Issues tickets, and takes them back once."""

    def __init__(self, store: Store, ttl_s: float) -> None:
        self._store = store
        self._ttl_s = ttl_s

    async def issue(self, identity: Identity, now: float) -> Ticket:
        """A ticket for one session of `identity`. `now` in Unix seconds.

        Raises `StoreUnavailable`.
        """
        value = PREFIX + secrets.token_urlsafe(32)
        held = replace(identity, how="ticket", credential=credential(value), issued_at=now)
        await self._store.put(_key(value), msgspec.json.encode(held), self._ttl_s)
        return Ticket(value, held, now + self._ttl_s)

    async def redeem(self, value: str) -> Identity | None:
        """Whoever the ticket was issued to; None if it is used, over, or none of ours.

        Raises `StoreUnavailable`.
        """
        held = await self._store.take(_key(value))
        return None if held is None else msgspec.json.decode(held, type=Identity)


def credential(value: str) -> str:
    """Names a ticket without giving it away."""
    return f"ticket_{_hash(value)[:12]}"


def _key(value: str) -> str:
    return f"ticket:{_hash(value)}"


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode(errors="replace")).hexdigest()
