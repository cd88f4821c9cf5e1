"""A queue of frames that leave one by one, and the clock they leave by. Pure.

A protocol without a queue of its own gets this one: a frame every 20 ms, silence when there is
nothing to say. It obeys the words of `audiosocket` and calls out the marks that it has passed.

The clock counts frames from one origin and multiplies, so it does not drift. A process that was
held up sends what is late at once, up to `LATE_MAX` frames; after a longer stop it goes on from
now.
"""

from collections import deque

LATE_MAX = 10
"""Frames that may be made up for: the other side's jitter buffer."""


class Belt:
    """One call's frames."""

    def __init__(self, silence: bytes) -> None:
        self.paused = False
        self._silence = silence
        self._queue: deque[bytes | str] = deque()
        self._passed: list[str] = []

    def put(self, item: bytes | str) -> None:
        """A frame, or a word: `mark …`, `clear`, `pause`, `resume`."""
        match item:
            case "clear":
                self._queue.clear()
            case "pause":
                self.paused = True
            case "resume":
                self.paused = False
            case _:
                self._queue.append(item)

    def next(self) -> bytes:
        """The frame that leaves now; marks before it have been passed."""
        while self._queue and isinstance(mark := self._queue[0], str):
            self._passed.append(mark)
            self._queue.popleft()
        if self.paused or not self._queue:
            return self._silence
        frame = self._queue.popleft()
        assert isinstance(frame, bytes)
        return frame

    def passed(self) -> list[str]:
        """The marks that were passed since the last time."""
        passed, self._passed = self._passed, []
        return passed


class FrameClock:
    """When each frame is due, in seconds of a monotonic clock."""

    def __init__(self, now: float, period_s: float) -> None:
        self.skipped = 0
        """Frames that were never sent, because the process stood still for too long."""
        self._origin = now
        self._period_s = period_s
        self._frames = 0

    @property
    def due(self) -> float:
        """When the next frame is."""
        return self._origin + self._frames * self._period_s

    def tick(self, now: float) -> None:
        """A frame was sent."""
        self._frames += 1
        late = int((now - self.due) / self._period_s)
        if late > LATE_MAX:
            self.skipped += late
            self._frames += late
