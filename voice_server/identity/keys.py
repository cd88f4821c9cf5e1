"""API keys: what the settings hold, what is made for new ones, and which of them was offered. Pure.

The settings hold hashes, so that whoever reads them cannot talk. A key has at least 128 bits, so a
plain SHA-256 is enough: there is nothing to guess (NIST SP 800-63B, 5.1.1.2, is about passwords).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

KEY_PREFIX = "vs_"
KEY_BYTES = 32
KEY_CHARS_MIN = 16
"""Of keys that somebody made in another way."""

USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
"""How a user may be called."""

_HASHED = re.compile(rf"(?:(?P<user>{USER.pattern})=)?sha256:(?P<digest>[0-9a-f]{{64}})")


class KeyEntryError(ValueError):
    """An entry of `auth.keys` cannot be used; the message never shows it."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, as far as the server knows it."""

    user: str
    digest: bytes
    hashed: bool
    """It was hashed in the settings already."""

    @property
    def credential(self) -> str:
        """Names the key without giving it away."""
        return f"key_{self.digest.hex()[:12]}"


def new_key() -> str:
    """A key that nobody can guess."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def entry(key: str, user: str) -> str:
    """What `auth.keys` holds for a key. Raises `KeyEntryError`."""
    if len(key) < KEY_CHARS_MIN:
        raise KeyEntryError(f"a key has fewer than {KEY_CHARS_MIN} characters")
    if not USER.fullmatch(user):
        raise KeyEntryError("a user has 1 to 64 letters, digits and . _ @ - in the name")
    return f"{user}=sha256:{_digest(key).hex()}"


def parse(entry: str) -> Key:
    """An entry of `auth.keys`: `user=sha256:…`, `sha256:…`, or the key itself.

    A key without a user is a user of its own. Raises `KeyEntryError`.
    """
    if found := _HASHED.fullmatch(entry):
        digest = bytes.fromhex(found["digest"])
        return Key(found["user"] or _nameless(digest), digest, hashed=True)
    if "sha256:" in entry:
        raise KeyEntryError("a hashed key is USER=sha256:, and 64 hexadecimal digits")
    if len(entry) < KEY_CHARS_MIN:
        raise KeyEntryError(f"a key has fewer than {KEY_CHARS_MIN} characters")
    digest = _digest(entry)
    return Key(_nameless(digest), digest, hashed=False)


class KeyRing:
    """All keys of a server."""

    def __init__(self, entries: Iterable[str]) -> None:
        """Raises `KeyEntryError`."""
        self._keys = [parse(entry) for entry in entries]

    def find(self, offered: str) -> Key | None:
        """The key that was offered. Takes as long for every wrong one as for the right one."""
        digest = _digest(offered)
        found = None
        for key in self._keys:
            if hmac.compare_digest(digest, key.digest):
                found = key
        return found


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode(errors="replace")).digest()


def _nameless(digest: bytes) -> str:
    return f"key-{digest.hex()[:8]}"
