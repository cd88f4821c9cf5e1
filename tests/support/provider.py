"""An identity provider that a server believes, and the tokens that it gives to Bob."""

import time
from pathlib import Path
from typing import Any

import jwt

SECRET = "a secret that the house and its identity provider share"
ISSUER = "https://idp.example"


def believing(folder: Path) -> dict[str, str]:
    """Settings of a server that believes the provider; its secret is written to that folder."""
    file = folder / "secret"
    file.write_text(SECRET)
    return {
        "auth.jwt.issuer": ISSUER,
        "auth.jwt.algorithm": "HS256",
        "auth.jwt.key_file": str(file),
    }


def token(life_s: float) -> str:
    """Bob's, good for so long."""
    now = time.time()
    claims: dict[str, Any] = {"iss": ISSUER, "aud": "voice-server", "sub": "bob", "jti": str(now)}
    return jwt.encode({**claims, "iat": now - 1, "exp": now + life_s}, SECRET, "HS256")
