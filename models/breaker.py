"""A circuit breaker: after failures in a row, a service is left alone for a while. Pure.

Closed, it lets everything through. After `failures_max` failures in a row, all of them within
`within_s`, it opens, and nothing passes until `rest_s` is over. Then one attempt passes as a trial:
its success closes the breaker, its failure opens it again, and an attempt that was given up leaves
the trial to the next one. Time is passed in, in seconds of any clock that does not run backwards.
"""

from dataclasses import dataclass, field
from math import inf


@dataclass(slots=True)
class Breaker:
    """The memory of one service."""

    failures_max: int = 3
    rest_s: float = 20.0
    within_s: float = inf
    _failed_at: list[float] = field(default_factory=list)
    _rests_until: float | None = None
    _trying: bool = False

    @property
    def resting(self) -> bool:
        """Whether it is open, or on trial."""
        return self._rests_until is not None

    def allows(self, now: float) -> bool:
        """Whether an attempt may begin."""
        if self._rests_until is None:
            return True
        return not self._trying and now >= self._rests_until

    def begin(self) -> None:
        """An attempt begins. Tell its end: `succeeded`, `failed` or `left`."""
        self._trying = self.resting

    def succeeded(self) -> None:
        """The service answered."""
        self._failed_at.clear()
        self._rests_until, self._trying = None, False

    def failed(self, now: float) -> None:
        """The service did not answer."""
        recent = [at for at in self._failed_at if at > now - self.within_s]
        self._failed_at = [*recent, now][-self.failures_max :]
        self._trying = False
        if self.resting or len(self._failed_at) >= self.failures_max:
            self._rests_until = now + self.rest_s

    def left(self) -> None:
        """The attempt was given up before it told anything."""
        self._trying = False

    def rests_until(self) -> float:
        """When the next attempt may begin; the beginning of time for a closed one."""
        return float("-inf") if self._rests_until is None else self._rests_until
