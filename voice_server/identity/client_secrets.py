"""Client secrets: `ek_` values as OpenAI's clients expect them, for a page or a device.

Unlike a ticket a client secret can be used several times until it expires, so it carries what it
allows, signed: a JSON Web Token (RFC 7519) under one secret of ours, by one algorithm. Its
characters are those of a WebSocket subprotocol. It says when one may *connect*; a session that has
begun goes on.
"""

import base64
import hashlib
import secrets
import zlib
from typing import Any, Final

import jwt
import msgspec

from voice_server.closes import ErrorCode
from voice_server.identity.identity import Denied, Identity, Leash, Refusal, SessionDefaults

PREFIX: Final = "ek_"
CHARS_MAX = 7_000
"""HTTP servers and proxies take header lines of 8 KiB."""
SESSION_BYTES_MAX = 262_144

_ALGORITHM = "HS256"
_AUDIENCE = "voice-server:client-secret"


class SecretTooLong(ValueError):
    """The session is too large to be carried; the message says what to do."""


class ClientSecrets:
    """Makes client secrets, and believes its own."""

    def __init__(self, secret: str = "") -> None:
        """`secret` is `auth.secret`; without, one is made that nobody else has."""
        self._key = hashlib.sha256(secret.encode() or secrets.token_bytes(32)).digest()

    def issue(self, identity: Identity, now: float, ttl_s: int) -> str:
        """A value for `identity`, good for connecting until `now + ttl_s` (Unix seconds).

        Raises `SecretTooLong`.
        """
        claims = {
            "aud": _AUDIENCE,
            "sub": identity.user,
            "jti": secrets.token_hex(8),
            "iat": int(now),
            "exp": int(now) + ttl_s,
            "made_with": identity.issuer,
            "leash": msgspec.to_builtins(identity.leash),
            "session": _packed(identity.session),
        }
        value = PREFIX + jwt.encode(claims, self._key, _ALGORITHM)
        if len(value) > CHARS_MAX:
            raise SecretTooLong(
                "session: too large for a client secret; "
                "send instructions and tools with session.update instead"
            )
        return value

    def believe(self, value: str, now: float) -> Identity:
        """Whoever the value was issued to. Raises `Denied`."""
        claims = self._claims(value)
        if claims["exp"] <= now:
            raise Denied(
                Refusal(ErrorCode.TOKEN_EXPIRED, "The client secret has expired. Ask for another.")
            )
        return Identity(
            user=claims["sub"],
            how="client_secret",
            credential=credential(claims),
            issuer=claims["made_with"],
            issued_at=claims["iat"],
            leash=msgspec.convert(claims["leash"], Leash),
            session=_unpacked(claims["session"]),
        )

    def _claims(self, value: str) -> dict[str, Any]:
        # The time is compared by us, because PyJWT asks the clock itself.
        unchecked = {"verify_exp": False, "verify_iat": False}
        try:
            if len(value) > CHARS_MAX:
                raise jwt.InvalidTokenError("too long")
            return jwt.decode(
                value.removeprefix(PREFIX),
                self._key,
                [_ALGORITHM],
                options=unchecked,  # type: ignore[arg-type]
                audience=_AUDIENCE,
            )
        except jwt.InvalidTokenError:
            message = "The client secret is not one of this server. Ask it for another."
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, message)) from None


def credential(claims: dict[str, Any]) -> str:
    """Names a client secret without giving it away."""
    return f"secret_{claims['jti']}"


def named(value: str) -> str | None:
    """The same for a value that nobody has verified; None where it is none."""
    try:
        claims = jwt.decode(value.removeprefix(PREFIX), options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    return credential(claims) if isinstance(claims.get("jti"), str) else None


def _packed(session: SessionDefaults) -> str:
    packed = zlib.compress(msgspec.json.encode(session), 9)
    return base64.urlsafe_b64encode(packed).decode()


def _unpacked(packed: str) -> SessionDefaults:
    unpacking = zlib.decompressobj()
    session = unpacking.decompress(base64.urlsafe_b64decode(packed), SESSION_BYTES_MAX)
    return msgspec.json.decode(session, type=SessionDefaults)
