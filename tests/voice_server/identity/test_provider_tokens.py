"""Tokens of an identity provider: one algorithm, our keys, and nothing that the token suggests."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.store_clock import NOON
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Denied
from voice_server.identity.provider_tokens import ProviderTokens
from voice_server.settings import JwtSettings, SettingsError

pytestmark = pytest.mark.pure

ISSUER = "https://idp.example/realms/house"
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": "voice-server",
    "sub": "alice",
    "jti": "1",
    "iat": NOON,
    "exp": NOON + 300,
}
RSA = rsa.generate_private_key(65537, 2048)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
CURVE = ec.generate_private_key(ec.SECP256R1())
PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def settings(file: Path, **changes: Any) -> JwtSettings:
    return JwtSettings(**{"issuer": ISSUER, "key_file": file, **changes})


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProviderTokens]:
    """Believes `RSA`."""
    file = tmp_path_factory.mktemp("idp") / "public.pem"
    file.write_bytes(PUBLIC)
    yield ProviderTokens(settings(file))


def token(
    key: Any = RSA, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A good one, but for the changes; a claim of None is left out."""
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if value is not None}
    return jwt.encode(claims, key, algorithm, headers)


def test_a_good_token_says_who_it_is(provider: ProviderTokens) -> None:
    identity = provider.believe(token(), NOON)
    assert (identity.user, identity.how) == ("alice", "jwt")
    assert (identity.credential, identity.issued_at) == ("jwt_1", NOON)


def test_clocks_may_differ_a_little(provider: ProviderTokens) -> None:
    provider.believe(token(), NOON + 329)
    provider.believe(token(nbf=NOON + 30), NOON)
    with pytest.raises(Denied) as late:
        provider.believe(token(), NOON + 330)
    assert late.value.refusal.code is ErrorCode.TOKEN_EXPIRED


def by_hand(header: dict[str, Any], claims: dict[str, Any]) -> str:
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join([*(jwt.utils.base64url_encode(part).decode() for part in parts), ""])


# The secret is their public key: a verifier that obeys the header would take it for HS256's.
CONFUSED = jwt.utils.base64url_encode(
    jwt.get_algorithm_by_name("HS256").sign(
        (signed := by_hand({"alg": "HS256", "typ": "JWT"}, CLAIMS).rstrip(".")).encode(), PUBLIC
    )
).decode()

VECTORS = {
    "alg none": by_hand({"alg": "none"}, CLAIMS),
    "alg None": by_hand({"alg": "None"}, CLAIMS),
    "HS256 with the public key": f"{signed}.{CONFUSED}",
    "another key": token(OTHER_RSA),
    "another algorithm": token(RSA, "RS512"),
    "PS256": token(RSA, "PS256"),
    "crit": token(headers={"crit": ["exp"]}),
    "jku": token(headers={"jku": "https://evil.example/keys"}),
    "jwk": token(headers={"jwk": {"kty": "RSA"}}),
    "x5u": token(headers={"x5u": "https://evil.example/cert"}),
    "no exp": token(exp=None),
    "no aud": token(aud=None),
    "no iss": token(iss=None),
    "no sub": token(sub=None),
    "no jti": token(jti=None),
    "ten years": token(exp=NOON + 10 * 365 * 86_400),
    "for ever": token(exp=float("inf")),
    "not a number": token(exp=float("nan")),
    "another audience": token(aud="another"),
    "a list of audiences": token(aud=["voice-server"]),
    "another issuer": token(iss=f"{ISSUER}/"),
    "not yet": token(nbf=NOON + 60),
    "issued in the future": token(iat=NOON + 60),
    "a user with a slash": token(sub="acme/bob"),
    "a user with a space": token(sub="a b"),
    "an empty user": token(sub=""),
    "a megabyte": token(more="x" * 1_000_000),
    "not ascii": token() + "ключ",
    "garbage": "a.b.c",
    "empty": "",
    "cut": token()[:-5],
}


@pytest.mark.parametrize("offered", VECTORS.values(), ids=VECTORS.keys())
def test_nothing_else_is_believed(provider: ProviderTokens, offered: str) -> None:
    with pytest.raises(Denied) as refused:
        provider.believe(offered, NOON)
    assert refused.value.refusal.code is ErrorCode.UNAUTHORIZED


def test_keys_of_a_set_are_chosen_by_name(tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    keys = {"one": RSA, "two": OTHER_RSA}
    to_jwk = jwt.algorithms.RSAAlgorithm.to_jwk
    shown = [
        {**to_jwk(key.public_key(), as_dict=True), "kid": name, "alg": "RS256"}
        for name, key in keys.items()
    ]
    file.write_text(json.dumps({"keys": shown}))
    provider = ProviderTokens(settings(file))
    assert provider.believe(token(OTHER_RSA, headers={"kid": "two"}), NOON).user == "alice"
    for headers in ({"kid": "one"}, {"kid": "три"}, {"kid": "../one"}, {}):
        with pytest.raises(Denied):
            provider.believe(token(OTHER_RSA, headers=headers), NOON)


def test_other_algorithms(tmp_path: Path) -> None:
    curve, shared = tmp_path / "curve.pem", tmp_path / "shared"
    point = CURVE.public_key()
    curve.write_bytes(point.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    shared.write_text("a secret of more than thirty-two letters\n")
    by_curve = ProviderTokens(settings(curve, algorithm="ES256"))
    assert by_curve.believe(token(CURVE, "ES256"), NOON).user == "alice"
    by_secret = ProviderTokens(settings(shared, algorithm="HS256"))
    secret = "a secret of more than thirty-two letters"
    assert by_secret.believe(token(secret, "HS256"), NOON).user == "alice"


@pytest.mark.parametrize(
    ("content", "algorithm"),
    [
        (b"", "RS256"),
        (b"not a key", "RS256"),
        (b"{}", "RS256"),
        (b"{", "RS256"),
        (b'{"keys": []}', "RS256"),
        (PUBLIC, "ES256"),
        (PUBLIC, "HS256"),
        (b"short", "HS256"),
    ],
)
def test_a_file_without_a_fitting_key_is_said(
    tmp_path: Path, content: bytes, algorithm: str
) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"auth\.jwt\.key_file"):
        ProviderTokens(settings(file, algorithm=algorithm))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        ProviderTokens(settings(tmp_path / "missing"))
    with pytest.raises(SettingsError, match="is needed"):
        ProviderTokens(JwtSettings(issuer=ISSUER))
