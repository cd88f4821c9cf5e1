"""Who somebody is, once a credential was believed; what they may do; why somebody is nobody."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from voice_server.closes import ErrorCode
from voice_server.events import Mode, SessionConfig

How = Literal["open", "key", "ticket", "client_secret", "jwt"]

OPEN = "open"
"""Stands for a credential where none is asked for."""


@dataclass(frozen=True, slots=True)
class Leash:
    """What the one who handed a credential on allows with it. None: as the settings say."""

    session_s_max: float | None = None
    """Seconds that one session may last."""
    turns_max: int | None = None
    """Turns of all sessions together that are opened with this credential."""
    origin: str | None = None
    """The only page that may use it."""


@dataclass(frozen=True, slots=True)
class SessionDefaults:
    """How a session begins, unless its client says otherwise."""

    mode: Mode | None = None
    """Not a default but a rule: this credential opens nothing else."""
    config: SessionConfig = field(default_factory=SessionConfig)
    realtime: Mapping[str, object] = field(default_factory=dict, repr=False)
    """The same in OpenAI's words: a partial session object, as `session.update` takes it."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody who may talk."""

    user: str
    """Whose limits and budgets count."""
    how: How
    credential: str = ""
    """Names the credential without giving it away; can be revoked by it."""
    issuer: str = ""
    """The credential that this one was made with; void together with it."""
    issued_at: float | None = None
    """Unix seconds; None: a key, which has no date."""
    expires_at: float | None = None
    """Unix seconds, when a session of theirs ends unless they bring a new credential; None: never
    before its time. What was handed on is good for one session, however long that is."""
    leash: Leash = Leash()
    session: SessionDefaults = SessionDefaults()

    @property
    def handed_on(self) -> bool:
        """Somebody who has a key had this made for somebody else."""
        return self.how in ("ticket", "client_secret")

    @property
    def subjects(self) -> tuple[str, ...]:
        """Everything whose revocation ends this: `acme/bob` ends with `acme` too."""
        owner = self.user.partition("/")[0]
        return (self.user, owner, self.credential, self.issuer)

    @property
    def limited(self) -> bool:
        """Whether the limits and budgets of a user hold: not for the owner of the machine."""
        return self.how != "open" and self.issuer != OPEN


ANYONE = Identity("anyone", "open", OPEN)
"""Whoever talks to a server that asks for no key."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why somebody is not let in."""

    code: ErrorCode
    message: str
    """A sentence that says what to do."""
    retry_after_s: int | None = None


class Denied(Exception):
    """Somebody is not let in."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


NOT_NOW = Refusal(ErrorCode.NO_CAPACITY, "Nobody new can be let in now. Try again.", 5)
"""There is no place, or nowhere to look up who somebody is."""
