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
