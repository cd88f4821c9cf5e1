"""What a long phase prints: steps, losses, time left."""

from collections import defaultdict
from time import monotonic

PRINT_SECONDS = 15


class Progress:
    """Counts the steps of a phase and prints a line now and then, and one at the end."""

    def __init__(self, name: str, steps: int) -> None:
        self.steps = steps
        self._name = name
        self._done = 0
        self._started = self._printed = monotonic()
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._count = 0

    def advance(self, losses: dict[str, float]) -> None:
        """One step more, with its losses."""
        self._done += 1
        self._count += 1
        for name, value in losses.items():
            self._sums[name] += value
        if self._done == self.steps or monotonic() - self._printed >= PRINT_SECONDS:
            self._print()

    def _print(self) -> None:
        self._printed = monotonic()
        elapsed = self._printed - self._started
        left = elapsed / self._done * (self.steps - self._done)
        means = ", ".join(f"{name} {sum_ / self._count:.3f}" for name, sum_ in self._sums.items())
        print(
            f"  {self._name} {self._done}/{self.steps}: {means}; {minutes(left)} left", flush=True
        )
        self._sums.clear()
        self._count = 0


def minutes(seconds: float) -> str:
    """Seconds as m:ss."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
