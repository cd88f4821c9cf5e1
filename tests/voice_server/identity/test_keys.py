"""Keys: made, hashed, told apart, and never shown."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.identity.keys import KeyEntryError, KeyRing, entry, new_key, parse

pytestmark = pytest.mark.pure

KEY = "a-key-of-enough-letters"
DIGEST = hashlib.sha256(KEY.encode()).hexdigest()


def test_new_keys_are_long_and_differ() -> None:
    keys = {new_key() for _ in range(20)}
    assert len(keys) == 20
    assert min(map(len, keys)) >= 43 + len("vs_")


def test_what_is_made_for_the_settings_opens() -> None:
    key = new_key()
    ring = KeyRing([entry(key, "alice"), entry(KEY, "bob")])
    alice, bob = ring.find(key), ring.find(KEY)
    assert alice is not None and bob is not None
    assert (alice.user, bob.user) == ("alice", "bob")
    assert key not in entry(key, "alice")


@pytest.mark.parametrize(
    ("entry", "user", "hashed"),
    [
        (f"alice=sha256:{DIGEST}", "alice", True),
        (f"alice@example.org=sha256:{DIGEST}", "alice@example.org", True),
        (f"sha256:{DIGEST}", f"key-{DIGEST[:8]}", True),
        (KEY, f"key-{DIGEST[:8]}", False),
    ],
)
def test_entries(entry: str, user: str, hashed: bool) -> None:
    key = parse(entry)
    assert (key.user, key.hashed, key.digest.hex()) == (user, hashed, DIGEST)
    assert key.credential == f"key_{DIGEST[:12]}"
    assert KeyRing([entry]).find(KEY) == key


def test_a_hash_is_no_key() -> None:
    assert KeyRing([f"sha256:{DIGEST}"]).find(f"sha256:{DIGEST}") is None
    assert KeyRing([f"sha256:{DIGEST}"]).find(DIGEST) is None


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "swordfish",
        f"sha256:{DIGEST[:-1]}",
        f"sha256:{DIGEST}0",
        f"sha256:{DIGEST.upper()}",
        f"a b=sha256:{DIGEST}",
        f"=sha256:{DIGEST}",
        f"{'a' * 65}=sha256:{DIGEST}",
        f"acme/bob=sha256:{DIGEST}",
    ],
)
def test_bad_entries_are_refused_without_showing_them(entry: str) -> None:
    with pytest.raises(KeyEntryError) as refused:
        parse(entry)
    assert not entry or entry not in str(refused.value)


@pytest.mark.parametrize(("key", "user"), [("short", "alice"), (KEY, "a b"), (KEY, "")])
def test_bad_keys_and_users_are_not_hashed(key: str, user: str) -> None:
    with pytest.raises(KeyEntryError):
        entry(key, user)


@given(st.text())
def test_guesses_find_nothing(guess: str) -> None:
    assert KeyRing([KEY, new_key()]).find(guess) is None
