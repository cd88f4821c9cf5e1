"""Who somebody is: what their revocation is called, and what their credential hides."""

import pytest

from voice_server.closes import ErrorCode
from voice_server.events import SessionConfig
from voice_server.identity.identity import ANYONE, Denied, Identity, Refusal, SessionDefaults

pytestmark = pytest.mark.pure


def test_a_user_of_a_user_ends_with_both() -> None:
    identity = Identity("acme/bob", "ticket", "ticket_1")
    assert set(identity.subjects) == {"acme/bob", "acme", "ticket_1"}
    assert set(Identity("acme", "key", "key_1").subjects) == {"acme", "key_1"}


def test_anyone_has_no_credential() -> None:
    assert (ANYONE.how, ANYONE.credential) == ("open", "")


def test_a_denial_is_its_sentence() -> None:
    denied = Denied(Refusal(ErrorCode.REVOKED, "Ask for another."))
    assert str(denied) == "Ask for another."


def test_instructions_are_not_shown() -> None:
    session = SessionDefaults(
        config=SessionConfig(instructions="be kind"), realtime={"instructions": "be kind"}
    )
    assert "be kind" not in repr(Identity("alice", "ticket", session=session))
