"""How many talkers a server holds: doubling until it is too many, then halving the gap. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from voice_server.bench.asr.captions import Score
from voice_server.bench.figures import percentile

FINAL_MS_MAX = 500.0
"""End of speech to final, 95th percentile: the silence that ends a turn is in it."""
FIRST_MS_MAX = 1000.0
"""Beginning of speech to the first words, 95th percentile."""


@dataclass(frozen=True, slots=True)
class Load:
    """What so many talkers got."""

    talkers: int
    utterances: int
    unanswered: int
    first_ms: float | None
    """95th percentile."""
    final_ms: float | None
    """95th percentile."""
    cpu_per_speech_s: float
    void: str | None = None

    @property
    def held(self) -> bool:
        """Whether everybody was answered in time."""
        return (
            self.void is None
            and not self.unanswered
            and self.final_ms is not None
            and self.final_ms <= FINAL_MS_MAX
            and self.first_ms is not None
            and self.first_ms <= FIRST_MS_MAX
        )


def load(talkers: int, scores: Sequence[Score], cpu_per_speech_s: float, void: str | None) -> Load:
    """The slowest twentieth of what so many talkers got."""
    return Load(
        talkers,
        len(scores),
        sum(score.final_ms is None for score in scores),
        percentile(_known(score.first_ms for score in scores), 95),
        percentile(_known(score.final_ms for score in scores), 95),
        cpu_per_speech_s,
        void,
    )


def held(most: int, holds: Callable[[int], bool]) -> int:
    """The largest number from 1 to `most` that holds, 0 if none; asks few of them.

    More talkers never hold where fewer do not, or so it is assumed.
    """
    good, probe = 0, 1
    while probe <= most and holds(probe):
        good, probe = probe, 2 * probe
    bad = min(probe, most + 1)
    while bad - good > 1:
        middle = (good + bad) // 2
        good, bad = (middle, bad) if holds(middle) else (good, middle)
    return good


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]
