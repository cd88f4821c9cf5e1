"""Where the server listens, which pages may use it, and what it writes down."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from voice_server.settings.profiles import Profile
from voice_server.settings.section import Milliseconds, Port, Seconds, Section


class ServerSettings(Section):
    """Where the server listens and who may open its page."""

    host: str = "127.0.0.1"
    port: Port = 8080
    """0 takes any free port; the ready line says which."""
    allowed_origins: tuple[str, ...] = ()
    """Browser origins besides the server's own, e.g. `https://kiosk.example`."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of proxies before us; what they say in `X-Forwarded-For` is believed."""
    tls_cert: Path | None = None
    """Certificate in PEM, with its chain; with `tls_key` the server speaks https and wss."""
    tls_key: Path | None = None
    """The certificate's private key in PEM, without a passphrase."""
    tls_self_signed: bool = False
    """Make a certificate for this machine and keep it; clients have to be told to trust it."""
    name: Annotated[str, Field(pattern=r"^[a-z0-9]{0,16}$")] = ""
    """Of this process among several behind a proxy; the names of its sessions begin with it."""
    profile: Profile = "none"
    """Defaults for a purpose; `kiosk`: a wake phrase, no idle limit, sessions of a day."""
    drain_s: Seconds = 20.0
    """On SIGTERM: how long replies in progress may go on."""
    drain_spread_ms: Milliseconds = 5000
    """Clients whose calls another process may have are asked to come back within this time, not
    all at once."""


class LogSettings(Section):
    """Logs go to stderr and never contain anybody's words."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
