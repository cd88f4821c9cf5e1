"""Who is talking now, so that whoever is revoked can be told to stop."""

from collections.abc import Callable, Mapping

from voice_server import events as ev
from voice_server.closes import ErrorCode
from voice_server.identity.identity import Identity
from voice_server.identity.revocations import is_revoked

Emit = Callable[[ev.ServerEvent], None]


class LiveSessions:
    """All sessions of one process, by their ids."""

    def __init__(self) -> None:
        self._sessions: dict[str, tuple[Identity, Emit]] = {}

    def add(self, session: str, identity: Identity, emit: Emit) -> None:
        """A session has begun; `emit` tells its client."""
        self._sessions[session] = identity, emit

    def remove(self, session: str) -> None:
        """It has ended."""
        self._sessions.pop(session, None)

    def end_revoked(self, revocations: Mapping[str, float]) -> int:
        """Tell those who are revoked, once; their links close. Returns how many there were."""
        over = [id for id, (who, _) in self._sessions.items() if is_revoked(who, revocations)]
        for id in over:
            _, emit = self._sessions.pop(id)
            message = "Your access was taken back. Ask whoever runs this server."
            emit(ev.ErrorRaised(ErrorCode.REVOKED, message, fatal=True))
        return len(over)
