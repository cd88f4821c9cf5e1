"""Who can reach the server: the rules for listening beyond this machine and for browsers.

Both are pure. A browser lets any page open a WebSocket to any address, so the server itself has to
look at where the page came from (RFC 6455, 10.2).
"""

import ipaddress
import logging
from collections.abc import Collection, Iterable, Mapping

from yarl import URL

from voice_server.identity.keys import Key, KeyEntryError, parse
from voice_server.settings import Settings, SettingsError

MAKE_ONE = "make one with `voice-server token key`"

logger = logging.getLogger(__name__)

SECRET_CHARS_MIN = 32

_DEFAULT_PORTS = {"http": 80, "https": 443}

Place = tuple[str, str, int]
"""Scheme, host and port, in the form in which browsers compare them (RFC 6454, 5)."""


def check_exposure(settings: Settings) -> None:
    """Refuse bad keys, and a server that anybody on the network could use without a key.

    Raises `SettingsError` with the remedy; never shows a key.
    """
    if 0 < len(settings.auth.secret) < SECRET_CHARS_MIN:
        raise SettingsError(f"auth.secret: has fewer than {SECRET_CHARS_MIN} characters")
    plain = sum(not key.hashed for key in _parsed_keys(settings))
    if plain:
        logger.warning(
            "auth.keys: %d in plain text; hash them with `voice-server token key --stdin`", plain
        )
    if not settings.auth.required and not is_loopback(settings.server.host):
        raise SettingsError(
            f"server.host is {settings.server.host!r}, which others can reach, but no key is set; "
            f"{MAKE_ONE} and put it into auth.keys, or listen on 127.0.0.1"
        )


def _parsed_keys(settings: Settings) -> list[Key]:
    try:
        return [parse(entry) for entry in settings.auth.keys]
    except KeyEntryError as error:
        raise SettingsError(f"auth.keys: {error}; {MAKE_ONE}") from None


def client_address(remote: str, headers: Mapping[str, str], trusted: Collection[str]) -> str:
    """Who really asks: `remote`, or what the trusted proxies before us say about it.

    Every proxy appends the address that it was asked from, so what counts is the last one that no
    trusted proxy has. All before it may be invented.
    """
    hops = [hop.strip() for hop in headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = remote
    while address in trusted and hops:
        address = hops.pop()
    return address


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to `host`. Other names than localhost may not be."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_allowed(origin: str, host_header: str, allowed: Iterable[str]) -> bool:
    """Whether a page from `origin` may talk to the server that was addressed as `host_header`.

    The server's own page may, on either scheme, because a proxy may have ended TLS before us;
    others only if `allowed` lists them, exactly. `null` (sandboxed frames, files) is nobody.
    """
    place = _place(origin)
    if place is None:
        return False
    if any(place == _place(one) for one in allowed):
        return True
    scheme, *_ = place
    return place == _place(f"{scheme}://{host_header}")


def host_allowed(host_header: str, settings: Settings) -> bool:
    """Whether a request that was addressed to `host_header` is meant for this server.

    Without a key, a page may have its own name point to this machine and so pass for ours (DNS
    rebinding). Addresses and localhost cannot be pointed elsewhere; the hosts of allowed origins
    are trusted. With a key, a strange page gains nothing.
    """
    if settings.auth.required:
        return True
    place = _place(f"http://{host_header}")
    if place is None:
        return False
    _, host, _ = place
    trusted = {known[1] for origin in settings.server.allowed_origins if (known := _place(origin))}
    return host == "localhost" or _is_address(host) or host in trusted


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _place(origin: str) -> Place | None:
    """Parse `scheme://host[:port]`, and nothing more than that."""
    scheme, separator, rest = origin.strip().partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in _DEFAULT_PORTS or set(rest) & set("/\\?#@ \t"):
        return None
    try:
        url = URL(f"{scheme}://{rest}")
        host, port = url.raw_host, url.port
    except ValueError:
        return None
    return (scheme, host.lower().rstrip("."), port or _DEFAULT_PORTS[scheme]) if host else None
