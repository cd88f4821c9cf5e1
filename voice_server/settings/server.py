"""Where the server listens, who may talk to it, and what it writes down."""

from typing import Literal

from pydantic import Field

from voice_server.settings.section import Port, Seconds, Section


class ServerSettings(Section):
    """Where the server listens and who may open its page."""

    host: str = "127.0.0.1"
    port: Port = 8080
    """0 takes any free port; the ready line says which."""
    allowed_origins: tuple[str, ...] = ()
    """Browser origins besides the server's own, e.g. `https://kiosk.example`."""
    drain_s: Seconds = 20.0
    """On SIGTERM: how long replies in progress may go on."""


class AuthSettings(Section):
    """Who may talk. Beyond loopback at least one key is required."""

    keys: tuple[str, ...] = Field(default=(), repr=False)
    """API keys of at least 16 characters, sent as `Authorization: Bearer` or a subprotocol."""


class LogSettings(Section):
    """Logs go to stderr and never contain anybody's words."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
