"""Where a Redis is, read from a URL. Pure.

The schemes are those registered with IANA (`redis`, `rediss`) and the customary `unix`. Options
behind a question mark are refused, but for `db`: they could switch off what the link relies on.
"""

from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from voice_server.settings import SettingsError

SCHEMES = ("redis", "rediss", "unix")
PORT = 6379

_EXAMPLE = "write redis://HOST:PORT/DATABASE, rediss://… for TLS, or unix:///PATH"


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A Redis, and as whom to speak to it."""

    host: str = ""
    port: int = PORT
    socket_path: str = ""
    """Of a Unix socket; there is no host then."""
    database: int = 0
    tls: bool = False
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        """For logs: without the password."""
        place = self.socket_path or f"{self.host}:{self.port}"
        return f"{place}/{self.database}" if self.database else place


def parse_address(url: str) -> StoreAddress:
    """The address that a URL names. Raises `SettingsError`, which does not show the URL."""
    try:
        parts = urlsplit(url)
        return _address(parts, _database(parts))
    except ValueError as error:  # `SettingsError` is one, and comes out as it is
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(f"store.url: {_EXAMPLE}") from None


def _address(parts: SplitResult, database: int) -> StoreAddress:
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if parts.scheme == "unix" and parts.path:
        path = unquote(parts.path)
        return StoreAddress("", 0, path, database, False, user, password)
    if parts.scheme in ("redis", "rediss") and parts.hostname:
        tls = parts.scheme == "rediss"
        return StoreAddress(parts.hostname, parts.port or PORT, "", database, tls, user, password)
    raise SettingsError(f"store.url: {_EXAMPLE}")


def _database(parts: SplitResult) -> int:
    options = parse_qs(parts.query, keep_blank_values=True)
    if unknown := sorted(options.keys() - {"db"}):
        raise SettingsError(
            f"store.url: {unknown[0]!r} cannot be set there; timeouts are store.timeout_ms"
        )
    if "db" in options:
        return int(options["db"][0])
    path = parts.path.strip("/") if parts.scheme != "unix" else ""
    return int(path or 0)
