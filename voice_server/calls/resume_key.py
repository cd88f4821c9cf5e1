"""What a client has to know to get its call back: a secret that works once. Pure.

For every secret that is used the client gets a new one. The used one opens again only until the
client has shown that the new one arrived, by saying anything at all: a connection may break in
between. Digests are all that is kept.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "rt_"


class ResumeKey:
    """The secrets that open one call at present: one, or two while the newest is on its way."""

    def __init__(self, digests: Sequence[str] = ()) -> None:
        """`digests`: what another process knew."""
        self._digests = list(digests)

    @property
    def digests(self) -> tuple[str, ...]:
        """What may be stored."""
        return tuple(self._digests)

    def issue(self) -> str:
        """The first secret."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self._digests = [digest(secret)]
        return secret

    def exchange(self, secret: str) -> str | None:
        """A new secret for one that opens; None for any other."""
        offered = digest(secret)
        if not self._knows(offered):
            return None
        new = self.issue()
        self._digests.insert(0, offered)
        return new

    def confirm(self) -> bool:
        """The client has the newest secret, so the used one is void. False if it was already."""
        news = len(self._digests) > 1
        self._digests = self._digests[-1:]
        return news

    def _knows(self, digest: str) -> bool:
        return any(hmac.compare_digest(digest, known) for known in self._digests)


def digest(secret: str) -> str:
    """What may be stored of a secret."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
