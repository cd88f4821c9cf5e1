"""Whoever is revoked while talking is told, once."""

import pytest

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Identity
from voice_server.identity.live_sessions import LiveSessions

pytestmark = pytest.mark.pure


def test_the_revoked_are_told_and_the_others_are_not() -> None:
    live = LiveSessions()
    told: dict[str, list[ev.ServerEvent]] = {"one": [], "two": [], "three": []}
    for session, user in (("one", "alice"), ("two", "bob"), ("three", "alice")):
        live.add(session, Identity(user, "key"), told[session].append)
    live.remove("three")
    assert live.end_revoked({"alice": 1.0, "eve": 1.0}) == 1
    assert live.end_revoked({"alice": 1.0, "eve": 1.0}) == 0
    [error] = told["one"]
    assert isinstance(error, ev.ErrorRaised)
    assert (error.code, error.fatal) == (ErrorCode.REVOKED, True)
    assert (told["two"], told["three"]) == ([], [])


def test_a_token_that_expires_is_announced_once_and_ends_its_session_once() -> None:
    live = LiveSessions()
    told: list[ev.ServerEvent] = []
    live.add("one", Identity("alice", "jwt", expires_at=1000.0), told.append)
    live.add("two", Identity("bob", "key"), told.append)
    assert [live.end_expired(now) for now in (900, 940.5, 950, 999.5)] == [0, 0, 0, 0]
    assert told == [ev.Noticed("token_expires", in_s=60)]
    assert [live.end_expired(now) for now in (1000, 1001)] == [1, 0]
    error = told[-1]
    assert isinstance(error, ev.ErrorRaised)
    assert (error.code, error.fatal) == (ErrorCode.TOKEN_EXPIRED, True)


def test_a_new_token_counts_from_when_it_was_brought() -> None:
    live = LiveSessions()
    told: list[ev.ServerEvent] = []
    live.add("one", Identity("alice", "jwt", expires_at=1000.0), told.append)
    live.end_expired(990)
    live.renew("one", Identity("alice", "jwt", expires_at=1900.0))
    live.renew("gone", Identity("alice", "jwt"))
    assert [live.end_expired(now) for now in (1000, 1850)] == [0, 0]
    assert [event.in_s for event in told if isinstance(event, ev.Noticed)] == [10, 50]
