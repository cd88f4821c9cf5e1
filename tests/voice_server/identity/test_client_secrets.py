"""Client secrets: ours are believed until they expire, nothing else ever is."""

import re

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.store_clock import NOON
from voice_server.closes import ErrorCode
from voice_server.events import SessionConfig
from voice_server.identity.client_secrets import CHARS_MAX, ClientSecrets, SecretTooLong, named
from voice_server.identity.identity import Denied, Identity, Leash, SessionDefaults

pytestmark = pytest.mark.pure

SECRET = "a secret of more than thirty-two letters"
ALICE = Identity(
    "acme/alice",
    "key",
    "key_1",
    "key_1",
    leash=Leash(60.0, 3, "https://kiosk.example"),
    session=SessionDefaults(
        config=SessionConfig(instructions="be kind"),
        realtime={"type": "realtime", "tools": [{"type": "function", "name": "look"}]},
    ),
)
SECRETS = ClientSecrets(SECRET)


def denied(value: str, now: float = NOON, secrets: ClientSecrets = SECRETS) -> ErrorCode:
    with pytest.raises(Denied) as refused:
        secrets.believe(value, now)
    assert value not in str(refused.value) or not value
    return refused.value.refusal.code


def test_it_brings_back_what_it_was_issued_for() -> None:
    value = SECRETS.issue(ALICE, NOON, 600)
    held = ClientSecrets(SECRET).believe(value, NOON + 599)
    assert (held.user, held.how, held.issued_at) == ("acme/alice", "client_secret", NOON)
    assert (held.leash, held.session, held.issuer) == (ALICE.leash, ALICE.session, "key_1")


def test_its_characters_are_those_of_a_subprotocol() -> None:
    value = SECRETS.issue(ALICE, NOON, 600)
    assert re.fullmatch(r"ek_[A-Za-z0-9._-]+", value)


def test_it_expires() -> None:
    value = SECRETS.issue(ALICE, NOON, 600)
    assert denied(value, NOON + 600) is ErrorCode.TOKEN_EXPIRED


def test_every_one_has_a_name_of_its_own() -> None:
    values = [SECRETS.issue(ALICE, NOON, 600) for _ in range(2)]
    names = [SECRETS.believe(value, NOON).credential for value in values]
    assert len(set(names)) == 2
    assert [named(value) for value in values] == names
    assert named("ek_nonsense") is None


def test_another_server_does_not_believe_it() -> None:
    value = SECRETS.issue(ALICE, NOON, 600)
    assert denied(value, secrets=ClientSecrets("another secret of over thirty letters")) is (
        ErrorCode.UNAUTHORIZED
    )
    assert denied(value, secrets=ClientSecrets()) is ErrorCode.UNAUTHORIZED
    assert denied(ClientSecrets().issue(ALICE, NOON, 600)) is ErrorCode.UNAUTHORIZED


def test_tokens_of_another_kind_under_the_same_secret_are_none() -> None:
    claims = {"sub": "eve", "exp": NOON + 60, "aud": "another"}
    assert denied("ek_" + jwt.encode(claims, SECRET)) is ErrorCode.UNAUTHORIZED
    assert denied("ek_" + jwt.encode(claims, "", algorithm="none")) is ErrorCode.UNAUTHORIZED


@given(st.integers(min_value=3, max_value=200), st.characters(codec="ascii"))
def test_what_was_tampered_with_is_refused(place: int, letter: str) -> None:
    value = SECRETS.issue(ALICE, NOON, 600)
    if value[place] != letter:
        assert denied(value[:place] + letter + value[place + 1 :]) is ErrorCode.UNAUTHORIZED


@pytest.mark.parametrize("value", ["ek_", "ek_..", "ek_a.b.c", "ek_" + "a" * 1_000_000])
def test_garbage_is_refused(value: str) -> None:
    assert denied(value) is ErrorCode.UNAUTHORIZED


def test_long_instructions_fit_and_what_does_not_is_said() -> None:
    prose = " ".join(f"Sentence {number} says what to do." for number in range(300))
    long = Identity("alice", "key", session=SessionDefaults(realtime={"instructions": prose}))
    assert len(SECRETS.issue(long, NOON, 600)) <= CHARS_MAX
    noise = "".join(chr(33 + number * 7919 % 8000) for number in range(9000))
    noisy = Identity("alice", "key", session=SessionDefaults(realtime={"instructions": noise}))
    with pytest.raises(SecretTooLong, match=r"session\.update"):
        SECRETS.issue(noisy, NOON, 600)
