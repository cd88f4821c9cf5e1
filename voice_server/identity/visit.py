"""One caller's stay: what their identity makes of a session, from its opening to its end."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from voice_server import events as ev
from voice_server.conversation.session_config import merged
from voice_server.identity.identities import Identities
from voice_server.identity.identity import Identity
from voice_server.identity.tab import Tab
from voice_server.settings import Settings
from voice_server.tasks import watched

Emit = Callable[[ev.ServerEvent], None]


class Visit:
    """Begins and ends with a connection; holds at most one session."""

    def __init__(self, identity: Identity, identities: Identities, session: str) -> None:
        """`session` is the id that a session of this connection will have."""
        self.identity = identity
        self.session = session
        self._identities = identities
        self._paying: asyncio.Task[None] | None = None

    def options(self, asked: ev.SessionOptions) -> ev.SessionOptions:
        """What the client asked for, over the defaults of its credential."""
        defaults = self.identity.session
        config = merged(defaults.config, asked.config)
        return replace(asked, config=config, mode=defaults.mode or asked.mode)

    def settings(self, settings: Settings) -> Settings:
        """The server's, on this credential's leash."""
        seconds = self.identity.leash.session_s_max
        if seconds is None or 0 < settings.limits.session_s_max <= seconds:
            return settings
        limits = settings.limits.model_copy(update={"session_s_max": seconds})
        return settings.model_copy(update={"limits": limits})

    def begin(self, mode: ev.Mode, emit: Emit) -> Emit:
        """The session begins. Returns what it should emit to: its events, noted on the way."""
        tab = Tab(
            self.identity,
            self._identities.budgets,
            self._identities.store,
            mode=mode,
            turns_max=self._identities.turns_max,
            emit=emit,
        )
        self._paying = watched(tab.run(), lambda: None)
        self._identities.live.add(self.session, self.identity, emit)

        def noted(event: ev.ServerEvent) -> None:
            tab.note(event)
            emit(event)

        return noted

    def resume(self, session: str) -> None:
        """The client goes on with that session: what it has brought now counts."""
        self._identities.live.renew(session, self.identity)

    async def end(self) -> None:
        """The connection is over: settle."""
        self._identities.live.remove(self.session)
        if self._paying is not None:
            self._paying.cancel()
            await asyncio.gather(self._paying, return_exceptions=True)
