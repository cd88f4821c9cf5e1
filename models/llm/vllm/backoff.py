"""When to start something again that keeps ending. Pure: time is passed in, in seconds."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Backoff:
    """Waits twice as long each time; after a calm while it begins anew; after too many it gives up.

    A restart counts for `calm_s` seconds.
    """

    first_s: float = 1.0
    longest_s: float = 60.0
    restarts_max: int = 5
    calm_s: float = 600.0
    _restarts: list[float] = field(default_factory=list)

    def next_s(self, now: float) -> float | None:
        """How long to wait before the next start; None: give up."""
        self._restarts = [when for when in self._restarts if now - when < self.calm_s]
        if len(self._restarts) >= self.restarts_max:
            return None
        wait_s: float = min(self.first_s * 2.0 ** len(self._restarts), self.longest_s)
        self._restarts.append(now)
        return wait_s
