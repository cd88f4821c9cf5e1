"""How fast new sessions may begin: token buckets, for all together and for each address. Pure.

A bucket holds a burst and fills at a rate (RFC 2697 calls it committed). It needs no more than two
numbers for each address, and none for one whose bucket is full again.
"""

import ipaddress
from dataclasses import dataclass

from voice_server.settings import LimitSettings

ADDRESSES_MAX = 10_000


@dataclass(slots=True)
class Bucket:
    """Begins full."""

    rate: float
    """Arrivals per second."""
    burst: int
    tokens: float
    filled_at: float
    """Seconds of a monotonic clock."""

    def fill(self, now: float) -> float:
        """Bring it up to date; returns what is in it."""
        self.tokens = min(self.burst, self.tokens + (now - self.filled_at) * self.rate)
        self.filled_at = now
        return self.tokens


class ArrivalRate:
    """Everybody's buckets. What comes from this machine is not counted: it shares our fate."""

    def __init__(self, limits: LimitSettings, now: float) -> None:
        self._limits = limits
        self._all = Bucket(limits.arrivals_per_s, limits.arrivals_burst, limits.arrivals_burst, now)
        self._each: dict[str, Bucket] = {}

    def refused(self, address: str, now: float) -> str | None:
        """The limit that stands against one arrival more; None: it is counted, and may come."""
        if not _is_elsewhere(address):
            return None
        bucket = self._bucket(address, now)
        if bucket is None or bucket.fill(now) < 1:
            return "arrivals_per_ip"
        if self._all.fill(now) < 1:
            return "arrivals"
        bucket.tokens -= 1
        self._all.tokens -= 1
        return None

    def _bucket(self, address: str, now: float) -> Bucket | None:
        """The address's; None where there are too many others."""
        if address not in self._each and len(self._each) >= ADDRESSES_MAX:
            self._each = {a: b for a, b in self._each.items() if b.fill(now) < b.burst}
            if len(self._each) >= ADDRESSES_MAX:
                return None
        burst = self._limits.arrivals_per_ip_burst
        fresh = Bucket(self._limits.arrivals_per_ip_per_s, burst, burst, now)
        return self._each.setdefault(address, fresh)


def _is_elsewhere(address: str) -> bool:
    try:
        return not ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
