"""Who may talk: keys, and what is made of them."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from voice_server.settings.section import Section

Algorithm = Literal["HS256", "RS256", "PS256", "ES256", "EdDSA"]


class JwtSettings(Section):
    """Tokens of an identity provider, such as Keycloak. Off until `issuer` is set."""

    issuer: str = ""
    """Must be the token's `iss`, to the letter."""
    audience: str = "voice-server"
    """Must be the token's `aud`."""
    algorithm: Algorithm = "RS256"
    """The only one accepted, whatever a token says."""
    key_file: Path | None = None
    """The provider's public key (PEM), its keys (JWKS, JSON), or the secret of HS256."""
    leeway_s: Annotated[int, Field(ge=0, le=300)] = 30
    """How far the provider's clock may be off."""
    life_s_max: Annotated[int, Field(ge=1)] = 900
    """Tokens that are valid for longer are refused: nobody could take them back."""


class AuthSettings(Section):
    """Who may talk. Beyond loopback a key is required, or `auth.jwt`."""

    keys: tuple[str, ...] = Field(default=(), repr=False)
    """API keys as `voice-server token key` prints them: `USER=sha256:…`. Plain keys of at least 16
    characters work, too."""
    secret: str = Field(default="", repr=False)
    """Signs client secrets; at least 32 characters. Unset: made at start, so that client secrets
    end with the process and are good for no other."""
    ticket_ttl_s: Annotated[int, Field(ge=1, le=600)] = 30
    """How long a ticket waits to be used, and keeps a place free."""
    allow_query_token: bool = False
    """Take credentials from the URL, too, where logs and histories keep them."""
    failures_per_min_max: Annotated[int, Field(ge=1)] = 10
    """Wrong credentials from one address; then it has to wait."""
    recheck_s: Annotated[float, Field(gt=0, le=60)] = 1.0
    """How often to look for what was revoked."""
    revoked_file: Path | None = None
    """What `voice-server token revoke` writes. Unset: `voice-server/revoked` in the user's folder
    for application state."""
    jwt: JwtSettings = JwtSettings()

    @property
    def required(self) -> bool:
        """Whether somebody without a credential stays outside."""
        return bool(self.keys or self.jwt.issuer)
