"""Whether one more may come without those who talk noticing: is the event loop on time, is there
memory? Pure: what was measured comes in, with its time.

Lateness is judged over ten seconds, as people would notice it, and by its worst twentieth. Once it
is too much, it has to halve before anybody new comes in: a door that flaps helps nobody.
"""

from collections import deque

from voice_server.settings import LimitSettings

WINDOW_S = 10.0
WORST_SHARE = 0.05
CALM_SHARE = 0.5
"""Of the limit: below it newcomers are let in again."""
MEMORY_CALM_SHARE = 0.9


class Headroom:
    """Remembers the last ten seconds."""

    def __init__(self, limits: LimitSettings) -> None:
        self._lag = _Threshold(limits.loop_lag_ms_max / 1000, CALM_SHARE)
        self._memory = _Threshold(limits.memory_share_max, MEMORY_CALM_SHARE)
        self._lags: deque[tuple[float, float]] = deque(maxlen=1000)

    def lagged(self, now: float, seconds: float) -> None:
        """The loop woke up so late."""
        self._lags.append((now, seconds))

    def lacking(self, now: float, memory_share: float) -> str | None:
        """The name of the limit that keeps newcomers out."""
        late = self._lag.reached(self._worst_lag_s(now))
        if self._memory.reached(memory_share):
            return "memory"
        return "loop_lag" if late else None

    def _worst_lag_s(self, now: float) -> float:
        while self._lags and self._lags[0][0] < now - WINDOW_S:
            self._lags.popleft()
        lags = sorted((seconds for _, seconds in self._lags), reverse=True)
        return lags[int(WORST_SHARE * len(lags))] if lags else 0.0


class _Threshold:
    """Reached at a value, and left well below it."""

    def __init__(self, value: float, calm_share: float) -> None:
        self._value = value
        self._calm = value * calm_share
        self._over = False

    def reached(self, value: float) -> bool:
        self._over = value > (self._calm if self._over else self._value)
        return self._over
