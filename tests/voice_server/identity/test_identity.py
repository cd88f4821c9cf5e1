"""Who somebody is: what their revocation is called, and what their credential hides."""

import pytest

from voice_server.closes import ErrorCode
from voice_server.events import SessionConfig
from voice_server.identity.identity import ANYONE, Denied, Identity, Refusal, SessionDefaults

pytestmark = pytest.mark.pure


def test_a_user_of_a_user_ends_with_both() -> None:
    identity = Identity("acme/bob", "ticket", "ticket_1")
    assert {"acme/bob", "acme", "ticket_1"} <= set(identity.subjects)
    assert {"acme", "key_1"} <= set(Identity("acme", "key", "key_1").subjects)


def test_what_a_key_made_ends_with_it() -> None:
    assert "key_1" in Identity("acme", "ticket", "ticket_1", "key_1").subjects


def test_the_owner_of_the_machine_has_no_limits_nor_what_they_make() -> None:
    assert not ANYONE.limited
    assert not Identity("anyone/bob", "client_secret", "secret_1", ANYONE.credential).limited
    assert Identity("anyone", "key", "key_1").limited


def test_a_denial_is_its_sentence() -> None:
    denied = Denied(Refusal(ErrorCode.REVOKED, "Ask for another."))
    assert str(denied) == "Ask for another."


def test_instructions_are_not_shown() -> None:
    session = SessionDefaults(
        config=SessionConfig(instructions="be kind"), realtime={"instructions": "be kind"}
    )
    assert "be kind" not in repr(Identity("alice", "ticket", session=session))
