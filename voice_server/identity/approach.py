"""What a request says about itself before anybody believes it. Pure.

One place for all endpoints, so that a credential is found in the same headers everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass

KEY_PROTOCOLS = ("token.", "ticket.", "openai-insecure-api-key.")
"""Browsers cannot set headers on a WebSocket: they offer a credential as a subprotocol."""

QUERY_KEYS = ("ticket", "token", "api-key")


@dataclass(frozen=True, slots=True)
class Approach:
    """Somebody at the door. Header names are matched in any case."""

    headers: Mapping[str, str]
    query: Mapping[str, str]
    address: str
    """Of the client, not of a proxy before us."""

    @property
    def origin(self) -> str | None:
        """The page that a browser came from; None for programs."""
        return self.headers.get("Origin")

    @property
    def credential(self) -> str:
        """What was offered in a header or a subprotocol; the first counts. Empty: nothing."""
        scheme, _, key = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return key.strip()
        if key := self.headers.get("api-key", "").strip():
            return key
        return next(filter(None, map(_in_protocol, self._protocols)), "")

    @property
    def credential_in_address(self) -> str:
        """What was offered in the URL, where logs and histories keep it."""
        return next((self.query[key] for key in QUERY_KEYS if self.query.get(key)), "")

    @property
    def _protocols(self) -> list[str]:
        offered = self.headers.get("Sec-WebSocket-Protocol", "")
        return [protocol.strip() for protocol in offered.split(",")]


def _in_protocol(protocol: str) -> str:
    found = (protocol.removeprefix(p) for p in KEY_PROTOCOLS if protocol.startswith(p))
    return next(found, "")
