"""Wrong credentials, counted by address on all processes together.

While the store fails, each process counts those that come to it: a client that lost its connection
then still gets back to its session, and nobody gets more guesses than there are processes.
"""

import ipaddress
import time
from collections.abc import Callable

from voice_server.identity.memory_store import MemoryStore
from voice_server.identity.store import Store, StoreUnavailable

MINUTE_S = 60


class Guesses:
    """Of the last minute, from each address."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` is monotonic, in seconds."""
        self.alone = False
        """The store failed when it was asked last, or nobody has said since that it is well."""
        self._store = store
        self._own = MemoryStore(clock)

    async def total(self, address: str) -> int:
        """How many came from there."""
        account = _account(address)
        try:
            total = await self._store.total(account)
        except StoreUnavailable:
            self.alone = True
            return await self._own.total(account)
        self.alone = False
        return total

    async def add(self, address: str) -> None:
        """Another one. Raises `StoreUnavailable` where there are too many addresses to count."""
        account = _account(address)
        try:
            await self._store.add(account, 1, limit=None, ttl_s=MINUTE_S)
        except StoreUnavailable:
            await self._own.add(account, 1, limit=None, ttl_s=MINUTE_S)


def _account(address: str) -> str:
    """Who shares the blame: an IPv4 address, or the /64 that one IPv6 user has to choose from."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return f"failed:{address}"
    return f"failed:{ipaddress.ip_network((ip, 64), strict=False) if ip.version == 6 else ip}"
