"""How a client finds back into its session: what it has seen, what it has to say again. Pure."""

from typing import Any

from voice_server.client.events import Ack, Audio, Error, Event, Final, Flow, Message, Ready
from voice_server.client.outgoing import Outgoing


class Resuming:
    """One client's side of a session, over as many connections as it takes."""

    def __init__(self, rate: int, *, wanted: bool) -> None:
        """`rate` of the microphone in hertz; `wanted`: whether the client would come back."""
        self.outgoing = Outgoing(rate)
        self._wanted = wanted
        self._ready: Ready | None = None
        self._seen = 0
        """Number of the newest event that was passed on."""
        self._seen_text = 0
        """The same, without audio."""
        self._lost_at: float | None = None

    @property
    def possible(self) -> bool:
        """Whether the session would survive the connection."""
        return self._wanted and self._ready is not None and self._ready.resume is not None

    @property
    def features(self) -> tuple[str, ...]:
        """What to ask the server for."""
        return ("resume",) if self._wanted else ()

    @property
    def request(self) -> dict[str, Any] | None:
        """What to add to the next hello; None for a new session."""
        if self._ready is None or self._ready.resume is None:
            return None
        token = self._ready.resume.token
        seen = {"last_sn": self._seen, "last_text_sn": self._seen_text}
        return {"session": self._ready.session, "token": token, **seen}

    def lost(self, now: float) -> None:
        """The connection is gone. `now` in seconds."""
        if self._lost_at is None:
            self._lost_at = now

    def greeted(self, ready: Ready, now: float) -> None:
        """A connection is there, and the server has said which session it is."""
        if ready.resumed and ready.resume:
            self.outgoing.again(ready.resume.input_pos)
        elif self._ready is not None:
            self._seen = self._seen_text = 0
            self.outgoing.afresh(keep=self._still_fresh(now))
        self._ready, self._lost_at = ready, None
        self.outgoing.keeps = self.possible

    def _still_fresh(self, now: float) -> bool:
        """Whether what was said into the broken connection is worth saying to another session."""
        offer = self._ready.resume if self._ready else None
        return offer is not None and self._lost_at is not None and now - self._lost_at < offer.ttl_s

    def note(self, event: Event) -> bool:
        """See an event; False if it is none for the user: told before, or only for us."""
        match event:
            case Ack(id=id):
                return not self.outgoing.acknowledged(id)
            case Error(id=str(id)):
                self.outgoing.acknowledged(id)
            case Final(covered_pos=int(position)) | Flow(covered_pos=int(position)):
                self.outgoing.covered(position)
        number = event.sn if isinstance(event, Audio | Message) else None
        if number is None:
            return True
        news = number > self._seen
        self._seen = max(self._seen, number)
        if not isinstance(event, Audio):
            self._seen_text = max(self._seen_text, number)
        return news
