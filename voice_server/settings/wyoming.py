"""Wyoming, for Home Assistant."""

from typing import Annotated

from pydantic import Field

from voice_server.settings.section import Port, Seconds, Section


class WyomingSettings(Section):
    """Whether Home Assistant may use this server's ears, voice and model."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: Port = 10300
    """0 takes any free port; the ready line says which."""
    peers: tuple[str, ...] = ()
    """Addresses or networks that may connect; needed beyond loopback: Wyoming has no keys."""
    connections_max: Annotated[int, Field(ge=1)] = 32
    idle_timeout_s: Seconds = 60.0
    """A connection that asks for nothing for so long is closed."""
