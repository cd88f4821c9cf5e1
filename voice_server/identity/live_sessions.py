"""Who is talking now, so that they can be told to stop: whoever is revoked, or whose token expires.

A token that expires is announced. Whoever comes back for the session with a new one goes on.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Identity
from voice_server.identity.revocations import is_revoked

Emit = Callable[[ev.ServerEvent], None]

EXPIRY_WARNING_S = 60.0
"""Before a token expires its bearer is told, and has time to fetch another."""


@dataclass(slots=True)
class _Live:
    identity: Identity
    emit: Emit
    warned: bool = False


class LiveSessions:
    """All sessions of one process, by their ids."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Live] = {}

    def add(self, session: str, identity: Identity, emit: Emit) -> None:
        """A session has begun; `emit` tells its client."""
        self._sessions[session] = _Live(identity, emit)

    def renew(self, session: str, identity: Identity) -> None:
        """Its client has come back with another credential."""
        if live := self._sessions.get(session):
            live.identity, live.warned = identity, False

    def remove(self, session: str) -> None:
        """It has ended."""
        self._sessions.pop(session, None)

    def end_revoked(self, revocations: Mapping[str, float]) -> int:
        """Tell those who are revoked, once; their links close. Returns how many there were."""
        message = "Your access was taken back. Ask whoever runs this server."
        sessions = self._sessions.items()
        over = [id for id, live in sessions if is_revoked(live.identity, revocations)]
        for id in over:
            self._sessions.pop(id).emit(ev.ErrorRaised(ErrorCode.REVOKED, message, fatal=True))
        return len(over)

    def end_expired(self, now: float) -> int:
        """Warn those whose token expires soon, and end those whose token has; how many ended.

        `now` in Unix seconds.
        """
        message = "Your token has expired. Connect again with a new one."
        over = []
        for id, live in self._sessions.items():
            left_s = _left_s(live.identity, now)
            if left_s <= 0:
                over.append(id)
            elif left_s <= EXPIRY_WARNING_S and not live.warned:
                live.warned = True
                live.emit(ev.Noticed("token_expires", in_s=round(left_s)))
        for id in over:
            expired = ev.ErrorRaised(ErrorCode.TOKEN_EXPIRED, message, fatal=True)
            self._sessions.pop(id).emit(expired)
        return len(over)


def _left_s(identity: Identity, now: float) -> float:
    return math.inf if identity.expires_at is None else identity.expires_at - now
