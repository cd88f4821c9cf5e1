"""Who is let in: decided before the upgrade, from the request's headers alone. Pure.

Order: is the server up to it, is this browser page ours, is there a key, is there room. The first
answer that is a refusal counts.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voice_server.closes import ErrorCode
from voice_server.exposure import host_allowed, origin_allowed
from voice_server.settings import Settings

TOKEN_PREFIX = "token."
"""Browsers cannot set headers on a WebSocket: they offer the key as a subprotocol."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in."""

    code: ErrorCode
    message: str
    retry_after_s: int | None = None


class Admission:
    """The door: checks callers, and counts those inside."""

    def __init__(self, settings: Settings) -> None:
        self.draining = False
        """The server is shutting down: nobody new is let in."""
        self._settings = settings
        self._keys = [_digest(key) for key in settings.auth.keys]
        self._inside: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether every place is taken."""
        return self._inside.total() >= self._settings.limits.sessions_max

    def check(self, headers: Mapping[str, str], protocols: Sequence[str]) -> Refusal | None:
        """Whether this caller may come in at all. Header names are matched in any case."""
        host = headers.get("Host", "")
        origin = headers.get("Origin")
        allowed = self._settings.server.allowed_origins
        if not host_allowed(host, self._settings):
            message = f"This server does not answer to the name {host[:80]!r}. Use its address."
            return Refusal(ErrorCode.ORIGIN_DENIED, message)
        if origin is not None and not origin_allowed(origin, host, allowed):
            message = "This page may not use the server. Add its origin to server.allowed_origins."
            return Refusal(ErrorCode.ORIGIN_DENIED, message)
        if self._keys and not self._knows(_offered_key(headers, protocols)):
            message = "A key is needed: send Authorization: Bearer, or the subprotocol token.KEY."
            return Refusal(ErrorCode.UNAUTHORIZED, message)
        return None

    def enter(self, address: str) -> Refusal | None:
        """Take a place for a session from this address; `leave` gives it back."""
        limits = self._settings.limits
        if self.draining:
            return Refusal(ErrorCode.NO_CAPACITY, "The server is restarting. Try again.", 5)
        if self.full:
            message = f"All {limits.sessions_max} places are taken. Try again in a moment."
            return Refusal(ErrorCode.NO_CAPACITY, message, 5)
        if self._inside[address] >= limits.sessions_per_ip_max:
            message = f"{limits.sessions_per_ip_max} sessions are open from your address already."
            return Refusal(ErrorCode.RATE_LIMITED, message, 5)
        self._inside[address] += 1
        return None

    def leave(self, address: str) -> None:
        """A session from this address has ended."""
        self._inside[address] -= 1
        if not self._inside[address]:
            del self._inside[address]

    def _knows(self, key: str) -> bool:
        digest = _digest(key)
        return any(hmac.compare_digest(digest, known) for known in self._keys)


def _digest(key: str) -> bytes:
    """Keys are compared by digest: equal length, and nothing about the key in the timing."""
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _offered_key(headers: Mapping[str, str], protocols: Sequence[str]) -> str:
    scheme, _, key = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return key.strip()
    tokens = (p.removeprefix(TOKEN_PREFIX) for p in protocols if p.startswith(TOKEN_PREFIX))
    return next(tokens, "")
