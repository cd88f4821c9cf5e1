"""How many sessions may begin per second: from one address, and in all. Pure.

Those who talk should not hear a crowd at the door: letting somebody in costs more than a second of
their talk.
"""

from voice_server.exposure import is_loopback
from voice_server.intake import TokenBucket
from voice_server.settings import LimitSettings

BURST_S = 2.0
"""Sessions may begin in bursts of this many seconds' worth."""
ADDRESSES_MAX = 4096
"""Beyond it, addresses that have been quiet are forgotten."""


class Arrivals:
    """Counts those who come; whoever is refused does not count."""

    def __init__(self, limits: LimitSettings, now: float) -> None:
        self._rate = float(limits.arrivals_per_s_max)
        self._rate_per_ip = float(limits.arrivals_per_s_per_ip_max)
        self._rate_local = float(limits.arrivals_per_s_local_max)
        self._all = TokenBucket(self._rate, self._rate * BURST_S, now)
        self._by_address: dict[str, tuple[TokenBucket, float]] = {}

    def reached(self, address: str, now: float) -> str | None:
        """Count one from this address, or return the name of the limit that keeps it out."""
        bucket = self._bucket(address, now)
        if not bucket.has(1, now):
            return "arrivals_per_ip"
        if not self._all.has(1, now):
            return "arrivals"
        bucket.take(1, now)
        self._all.take(1, now)
        return None

    def _bucket(self, address: str, now: float) -> TokenBucket:
        if address not in self._by_address and len(self._by_address) >= ADDRESSES_MAX:
            self._forget_before(now - BURST_S)
        rate = self._rate_local if is_loopback(address) else self._rate_per_ip
        new = TokenBucket(rate, rate * BURST_S, now)
        bucket, _ = self._by_address.get(address, (new, now))
        self._by_address[address] = bucket, now
        return bucket

    def _forget_before(self, at: float) -> None:
        """After this long a bucket is full again, as a new one is."""
        self._by_address = {
            address: entry for address, entry in self._by_address.items() if entry[1] > at
        }
