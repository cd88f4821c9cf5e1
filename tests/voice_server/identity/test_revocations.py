"""What was revoked, and for whom that counts; the file survives people."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice_server.identity.identity import ANYONE, Identity
from voice_server.identity.revocations import RevocationFile, default_file, is_revoked, parse
from voice_server.identity.store import StoreUnavailable
from voice_server.settings import SettingsError

pytestmark = pytest.mark.pure


def test_a_key_is_revoked_whenever_that_was() -> None:
    identity = Identity("alice", "key", "key_1")
    assert is_revoked(identity, {"alice": 1.0})
    assert is_revoked(identity, {"key_1": 1.0})
    assert not is_revoked(identity, {"bob": 1.0, "key_2": 1.0})


def test_what_was_issued_afterwards_is_good() -> None:
    revocations = {"alice": 100.0}
    assert is_revoked(Identity("alice", "jwt", "jwt_1", issued_at=99.0), revocations)
    assert is_revoked(Identity("alice", "jwt", "jwt_1", issued_at=100.0), revocations)
    assert not is_revoked(Identity("alice", "jwt", "jwt_2", issued_at=101.0), revocations)


def test_users_of_a_user_end_with_it() -> None:
    bob = Identity("acme/bob", "ticket", "ticket_1", issued_at=1.0)
    assert is_revoked(bob, {"acme": 2.0})
    assert is_revoked(bob, {"acme/bob": 2.0})
    assert not is_revoked(bob, {"acme/eve": 2.0, "bob": 2.0})


def test_nobody_is_not_revoked() -> None:
    assert not is_revoked(ANYONE, {"": 1.0})


def test_lines() -> None:
    text = """
2026-11-21T12:00:00Z alice
2026-11-21T12:00:01Z   acme/bob
2026-11-21T12:00:00Z
yesterday eve
2026-11-21T13:00:00Z alice
2026-11-21T11:00:00Z alice
"""
    noon = 1_795_262_400.0
    assert parse(text) == {"alice": noon + 3600, "acme/bob": noon + 1}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert all(subject.strip() for subject in parse(text))


async def test_the_file_is_read_when_it_changes(tmp_path: Path) -> None:
    file = RevocationFile(tmp_path / "state" / "revoked")
    assert await file.read() == {}
    file.append("alice", 1_795_262_400.0)
    assert await file.read() == {"alice": 1_795_262_400.0}
    file.append("bob", 1_795_262_400.0)
    assert set(await file.read()) == {"alice", "bob"}
    assert file.path.stat().st_mode & 0o777 == 0o600
    file.path.write_text("")
    assert await file.read() == {}
    file.path.unlink()
    assert await file.read() == {}


async def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    file = RevocationFile(tmp_path)
    with pytest.raises(StoreUnavailable):
        await file.read()
    with pytest.raises(SettingsError, match=r"auth\.revoked_file"):
        file.append("alice", 0)


def test_the_default_is_where_state_belongs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_file() == tmp_path / "voice-server" / "revoked"
    monkeypatch.delenv("XDG_STATE_HOME")
    assert default_file() == Path.home() / ".local" / "state" / "voice-server" / "revoked"
