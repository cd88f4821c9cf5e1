"""When to come back after a connection ended, and how long to wait. Pure.

Full jitter (Brooker, "Exponential Backoff And Jitter", AWS 2015): the wait is drawn from zero to a
bound that doubles, so that a thousand clients of a server that restarts do not return at once.
"""

from dataclasses import dataclass

from voice_server.client.errors import CallError


@dataclass(frozen=True, slots=True)
class Reconnection:
    """How patient a client is."""

    attempts_max: int | None = 8
    """In a row, after which the error is raised; 0 never comes back, None gives up never."""
    at_first: bool = False
    """Whether the first connection is tried again, too; without, its error is raised at once."""
    shortest_s: float = 0.25
    longest_s: float = 8.0

    @property
    def comes_back(self) -> bool:
        """Whether a connection that broke is ever followed by another."""
        return self.attempts_max != 0

    def may_try(self, attempt: int, error: CallError, *, was_open: bool) -> bool:
        """Whether to try again after this error. `attempt` is 0 for the first."""
        spent = self.attempts_max is not None and attempt >= self.attempts_max
        return error.may_come_back and not spent and (was_open or self.at_first)

    def delay_s(self, attempt: int, chance: float, at_least_s: float = 0.0) -> float:
        """How long to wait before it. `chance` is 0 to 1; `at_least_s` is what the server asked."""
        bound_s = min(self.longest_s, self.shortest_s * (1 << min(attempt, 32)))
        return at_least_s + bound_s * chance


ONCE = Reconnection(attempts_max=0)
"""For scripts: an error is an error."""
