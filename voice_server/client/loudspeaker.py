"""What stands between the network and a loudspeaker: streams of samples in, blocks out. Pure.

It waits until a little is buffered before a stream starts, and for more once it ran dry; it counts
what was rendered, and what of that was heard: the device sounds `latency_samples` later. It knows
no clock but the samples that it renders.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from audio import Samples
from voice_server.client.events import PlaybackState

PREBUFFER_MS = 60
PREBUFFER_MS_MAX = 480
BUFFERED_S_MAX = 30


@dataclass(frozen=True, slots=True)
class Report:
    """Something the server should know."""

    stream: int
    position: int
    state: PlaybackState


class Loudspeaker:
    """Plays one stream after the other at `rate` hertz."""

    def __init__(self, rate: int, latency_samples: int = 0) -> None:
        self.rate = rate
        self.latency_samples = latency_samples
        self.stream: int | None = None
        """What is played, or held, or waited for."""
        self._queue: deque[Samples] = deque()
        self._next: deque[tuple[int, Samples]] = deque()
        self._buffered = 0
        self._rendered = 0
        self._tail = 0
        self._ended: set[int] = set()
        self._stopped = -1
        self._waiting = True
        self._held = False
        self._prebuffer_ms = PREBUFFER_MS
        self._reports: list[Report] = []

    # From the server -------------------------------------------------------------------------

    def add(self, stream: int, samples: Samples, *, last: bool = False) -> None:
        """More audio. What belongs to a stopped stream, or is too much, is dropped."""
        if stream <= self._stopped or self.buffered_s > BUFFERED_S_MAX:
            return
        if self.stream is None:
            self._begin(stream)
        self._buffered += len(samples)
        if stream == self.stream:
            self._queue.append(samples)
        else:
            self._next.append((stream, samples))
        if last:
            self.end(stream)

    def end(self, stream: int) -> None:
        """Nothing of the stream follows."""
        if stream == self.stream or any(stream == number for number, _ in self._next):
            self._ended.add(stream)

    def pause(self, stream: int) -> None:
        """Hold still."""
        if stream == self.stream and not self._held:
            self._held = True
            self._note("paused")

    def resume(self, stream: int) -> None:
        """Go on with the very next sample."""
        if stream == self.stream and self._held:
            self._held = False
            self._note("playing")

    def stop(self, stream: int) -> None:
        """Throw away what was not rendered of this stream, and what may still come."""
        self._stopped = max(self._stopped, stream)
        if stream == self.stream:
            self._note("stopped")
            self._finish()
        else:
            self._reports.append(Report(stream, 0, "stopped"))
            self._next = deque(piece for piece in self._next if piece[0] != stream)
            self._ended.discard(stream)
            self._count()

    def reset(self) -> None:
        """Forget everything: a new session begins, and counts its streams anew."""
        self._next.clear()
        self._ended.clear()
        self._reports.clear()
        self._finish()
        self._stopped = -1

    # To the device ---------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """Samples of the stream that were heard."""
        return max(0, self._rendered + self._tail - self.latency_samples)

    @property
    def playing(self) -> bool:
        """Whether it sounds."""
        return self.stream is not None and not self._waiting and not self._held

    @property
    def buffered_s(self) -> float:
        """Seconds of audio that wait."""
        return self._buffered / self.rate

    def render(self, count: int) -> Samples:
        """The next block for the device, with silence where there is nothing to play."""
        block = np.zeros(count, dtype=np.int16)
        filled = 0
        while filled < count and self._sounds():
            filled += self._take(block[filled:])
        if filled < count and not self._held:
            self._after_last(count - filled)
        return block

    def take_reports(self) -> list[Report]:
        """What happened since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def _begin(self, stream: int) -> None:
        self.stream = stream
        self._rendered = self._tail = 0
        self._waiting, self._held = True, False

    def _sounds(self) -> bool:
        """Whether there is a sample to play now; starts the stream when enough has come."""
        if self._held or not self._queue:
            return False
        if self._waiting:
            samples = sum(len(piece) for piece in self._queue)
            enough = samples * 1000 >= self._prebuffer_ms * self.rate
            if not enough and self.stream not in self._ended:
                return False
            self._waiting = False
            self._note("playing")
        return True

    def _take(self, room: Samples) -> int:
        piece = self._queue.popleft()
        here = min(len(piece), len(room))
        room[:here] = piece[:here]
        if here < len(piece):
            self._queue.appendleft(piece[here:])
        self._rendered += here
        self._buffered -= here
        return here

    def _after_last(self, silent: int) -> None:
        """Nothing to play: the stream ran dry, or its last sample is on its way to the ear."""
        if self.stream is None or self._queue:
            return
        if self.stream in self._ended:
            self._tail = min(self._tail + silent, self.latency_samples)
            if self._tail >= self.latency_samples:
                self._note("drained")
                self._finish()
        elif not self._waiting:
            self._waiting = True
            self._prebuffer_ms = min(PREBUFFER_MS_MAX, self._prebuffer_ms * 2)
            self._note("underrun")

    def _finish(self) -> None:
        """Turn to the next stream, if one has come already."""
        if self.stream is not None:
            self._ended.discard(self.stream)
        self._queue.clear()
        self.stream = None
        if self._next:
            stream = self._next[0][0]
            self._begin(stream)
            self._queue.extend(piece for number, piece in self._next if number == stream)
            self._next = deque(piece for piece in self._next if piece[0] != stream)
        self._count()

    def _count(self) -> None:
        waiting = [*self._queue, *(piece for _, piece in self._next)]
        self._buffered = sum(len(piece) for piece in waiting)

    def _note(self, state: PlaybackState) -> None:
        assert self.stream is not None
        self._reports.append(Report(self.stream, min(self.position, self._rendered), state))
