"""How long a session may be idle, and how long it may last. Pure: time comes in as an argument."""

from dataclasses import dataclass
from typing import Literal

from voice_server.closes import ErrorCode
from voice_server.events import Noticed
from voice_server.settings import LimitSettings


@dataclass(frozen=True, slots=True)
class Expiry:
    """The session is over."""

    code: ErrorCode
    message: str


@dataclass(slots=True)
class _Deadline:
    """One limit. All values in seconds; `span_s` 0 means never."""

    span_s: float
    warning_s: float
    since: float
    notice: Literal["idle_soon", "session_ends"]
    expiry: Expiry
    warned: bool = False

    @property
    def due(self) -> float:
        """When it has something to say next."""
        end = self.since + self.span_s
        return end if self.warned else end - self.warning_s

    def check(self, now: float) -> Noticed | Expiry | None:
        if now < self.due:
            return None
        left = self.since + self.span_s - now
        if left <= 0:
            return self.expiry
        self.warned = True
        return Noticed(self.notice, in_s=round(left))


class Curfew:
    """The two deadlines of a session, in seconds of a monotonic clock."""

    def __init__(self, limits: LimitSettings, now: float, age_s: float = 0.0) -> None:
        """`age_s`: how long the session has lasted already."""
        self._idle = _Deadline(
            limits.idle_timeout_s,
            limits.idle_warning_s,
            now,
            "idle_soon",
            Expiry(
                ErrorCode.IDLE_TIMEOUT,
                f"Nothing came for {limits.idle_timeout_s:g} s. Connect again to go on.",
            ),
        )
        end = _Deadline(
            limits.session_s_max,
            limits.session_warning_s,
            now - age_s,
            "session_ends",
            Expiry(
                ErrorCode.MAX_SESSION,
                f"A session lasts at most {limits.session_s_max:g} s. Connect again to go on.",
            ),
        )
        self._deadlines = [d for d in (self._idle, end) if d.span_s > 0]

    def active(self, now: float) -> None:
        """Something happened: the session is not idle."""
        self._idle.since = now
        self._idle.warned = False

    def next_due(self) -> float | None:
        """When `check` will have something to say, if nothing happens until then."""
        return min((deadline.due for deadline in self._deadlines), default=None)

    def check(self, now: float) -> Noticed | Expiry | None:
        """A warning or the end, if it is time for one."""
        for deadline in self._deadlines:
            if found := deadline.check(now):
                return found
        return None
