"""What one session's audio says: when answers began, and whether playback ever ran dry. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

Arrived = tuple[float, int]
"""When a message of audio came, in seconds, and its bytes."""


@dataclass(frozen=True, slots=True)
class Playback:
    """How a client would have fared that plays as soon as something is there."""

    slack_ms_min: float
    """The least audio that was ever left to play when more came."""
    underruns: int


def playback(arrived: Sequence[Arrived], bytes_per_s: float) -> Playback | None:
    """Of one uninterrupted stream; None where nothing came."""
    if not arrived:
        return None
    plays_until, slack, underruns = arrived[0][0], float("inf"), 0
    for number, (at, size) in enumerate(arrived):
        left = plays_until - at
        if number:
            slack = min(slack, left)
        if left < 0:
            underruns += 1
            plays_until = at
        plays_until += size / bytes_per_s
    return Playback(1000 * slack if len(arrived) > 1 else 0.0, underruns)


def first_after(
    times: Sequence[float], begin: float, every: float, ends: float, turns: int
) -> list[float | None]:
    """For each turn, the milliseconds from the end of its speech to the first of `times`.

    Turn n begins at begin + n x every and its speech ends `ends` later; what comes after the next
    turn's beginning belongs to that one.
    """
    found: list[float | None] = []
    for number in range(turns):
        end = begin + number * every + ends
        until = begin + (number + 1) * every
        inside = [at for at in times if end <= at < until]
        found.append(1000 * (min(inside) - end) if inside else None)
    return found
