"""What `/readyz` answers: whether new conversations should be sent here. Pure.

A load balancer that hears 503 sends them elsewhere, so 503 means that another process may do
better: this one is going away, cannot remember anything now (so that it lets in nobody new), is
full, or has lost a vLLM of its own that nobody stands in for. A language model elsewhere that fails
is shared by all processes, and taking all of them out would help nobody: that is `degraded`, with
200, as is a fallback that has to answer.
"""

from typing import Literal

from models.llm.health import ChatHealth, Healths

Readiness = Literal["ready", "degraded", "llm_down", "store_down", "full", "draining"]

_OURS_AND_DOWN = (ChatHealth.STARTING, ChatHealth.FAILED)
_GOOD: tuple[Readiness, ...] = ("ready", "degraded")


def readiness(healths: Healths, *, draining: bool, full: bool, forgetful: bool) -> Readiness:
    """The worst that is true. `forgetful`: the store fails."""
    if draining:
        return "draining"
    if forgetful:
        return "store_down"
    if full:
        return "full"
    states = [health for _, health in healths]
    if all(state is ChatHealth.READY for state in states):
        return "ready"
    ours_is_down = any(state in _OURS_AND_DOWN for state in states)
    return "llm_down" if ours_is_down and ChatHealth.READY not in states else "degraded"


def http_status(state: Readiness) -> int:
    """200, or 503 where another process may do better."""
    return 200 if state in _GOOD else 503
