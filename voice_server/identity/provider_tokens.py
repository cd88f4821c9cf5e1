"""Tokens of an identity provider: JSON Web Tokens, believed by one algorithm and keys from a file.

What the token says about how to verify it is not asked: RFC 8725 lists what came of that.
"""

import json
import math
from pathlib import Path
from typing import Any

import jwt

from voice_server.closes import ErrorCode
from voice_server.identity.identity import Denied, Identity, Refusal
from voice_server.settings import JwtSettings, SettingsError

CHARS_MAX = 4096
REQUIRED_CLAIMS = ("exp", "aud", "iss", "sub", "jti")
HEADERS_REFUSED = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
"""They point to keys that the sender chose, or ask for what we do not do."""
SECRET_BYTES_MIN = 32
USER_CHARS_MAX = 128

_SENTENCE = "The token is not one that this server accepts. Sign in again."


class ProviderTokens:
    """Believes one provider."""

    def __init__(self, settings: JwtSettings) -> None:
        """Reads the key file. Raises `SettingsError`."""
        self._settings = settings
        self._key, self._keys = _load(settings)

    def believe(self, token: str, now: float) -> Identity:
        """Whoever the provider says that it is. Raises `Denied`; never says what was wrong."""
        if len(token) > CHARS_MAX or not token.isascii():
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _SENTENCE))
        try:
            claims = self._claims(token)
        except jwt.PyJWTError:
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _SENTENCE)) from None
        return self._identity(claims, now)

    def _claims(self, token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(token)
        if HEADERS_REFUSED & header.keys():
            raise jwt.InvalidTokenError
        return jwt.decode(
            token,
            self._key_for(header.get("kid")),
            algorithms=[self._settings.algorithm],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            options={
                "require": list(REQUIRED_CLAIMS),
                "strict_aud": True,
                # Times are compared below, with the time that we were given.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )

    def _key_for(self, name: object) -> Any:
        if self._keys is None:
            return self._key
        if not isinstance(name, str) or name not in self._keys:
            raise jwt.InvalidKeyError
        return self._keys[name]

    def _identity(self, claims: dict[str, Any], now: float) -> Identity:
        begins, ends = _seconds(claims.get("nbf", now)), _seconds(claims["exp"])
        issued = _seconds(claims.get("iat", now))
        leeway_s = self._settings.leeway_s
        if ends + leeway_s <= now:
            raise Denied(Refusal(ErrorCode.TOKEN_EXPIRED, "The token has expired. Sign in again."))
        lives_long = ends - now > self._settings.life_s_max + leeway_s
        if lives_long or max(begins, issued) > now + leeway_s:
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _SENTENCE))
        user, id = claims["sub"], claims["jti"]
        if not _is_name(user) or not _is_name(id):
            raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _SENTENCE))
        last = ends + leeway_s
        return Identity(user, "jwt", f"jwt_{id}", issued_at=issued, expires_at=last)


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise Denied(Refusal(ErrorCode.UNAUTHORIZED, _SENTENCE))
    return value


def _is_name(value: object) -> bool:
    """Without spaces, that divide the lines of what was revoked, and slashes, that divide users."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= USER_CHARS_MAX
        and value.isprintable()
        and not set(value) & set(" /")
    )


def _load(settings: JwtSettings) -> tuple[Any, dict[str, Any] | None]:
    """The one key, or the keys by their ids."""
    path = settings.key_file
    if path is None:
        raise SettingsError("auth.jwt.key_file: is needed with auth.jwt.issuer")
    content = _content(path)
    try:
        if content.lstrip().startswith(b"{"):
            return None, _key_set(json.loads(content), settings.algorithm)
        algorithm = jwt.get_algorithm_by_name(settings.algorithm)
        if settings.algorithm == "HS256":
            content = content.strip()
            if len(content) < SECRET_BYTES_MIN:
                raise jwt.InvalidKeyError(f"a secret has at least {SECRET_BYTES_MIN} bytes")
        return algorithm.prepare_key(content), None
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        message = f"auth.jwt.key_file: {path} holds no key for {settings.algorithm}: {error}"
        raise SettingsError(message) from None


def _key_set(document: dict[str, Any], algorithm: str) -> dict[str, Any]:
    """The keys of a JWKS (RFC 7517) that are made for this algorithm."""
    keys = jwt.PyJWKSet.from_dict(document).keys
    named = {key.key_id: key.key for key in keys if key.key_id and key.algorithm_name == algorithm}
    if not named:
        raise jwt.InvalidKeyError("no key in it has an id and that algorithm")
    return named


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(f"auth.jwt.key_file: {path}: {error.strerror}") from None
