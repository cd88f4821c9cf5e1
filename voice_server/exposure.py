"""Who can reach the server: the rules for listening beyond this machine and for browsers.

Both are pure. A browser lets any page open a WebSocket to any address, so the server itself has to
look at where the page came from (RFC 6455, 10.2).
"""

import ipaddress
from collections.abc import Iterable

from yarl import URL

from voice_server.settings import Settings, SettingsError

KEY_CHARS_MIN = 16

_DEFAULT_PORTS = {"http": 80, "https": 443}

Place = tuple[str, str, int]
"""Scheme, host and port, in the form in which browsers compare them (RFC 6454, 5)."""


def check_exposure(settings: Settings) -> None:
    """Refuse short keys, and a server that anybody on the network could use without a key.

    Raises `SettingsError` with the remedy; never shows a key.
    """
    make_one = 'make one with `python3 -c "import secrets; print(secrets.token_urlsafe(32))"`'
    if any(len(key) < KEY_CHARS_MIN for key in settings.auth.keys):
        raise SettingsError(
            f"auth.keys: a key has fewer than {KEY_CHARS_MIN} characters; {make_one}"
        )
    if not settings.auth.keys and not is_loopback(settings.server.host):
        raise SettingsError(
            f"server.host is {settings.server.host!r}, which others can reach, but no key is set; "
            f"{make_one} and put it into auth.keys, or listen on 127.0.0.1"
        )


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
    if settings.auth.keys:
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
