"""The queue at the other end of a call: what was sent into it, and how much of it was heard.

Pure. Telephone peers play what they are sent in order, and tell when they reach a mark. A mark goes
in at least every 200 ms; its name says which sample of which reply it follows. Between two marks
the caller's own audio is the clock: a telephone sends 20 ms of it every 20 ms.

A peer that can only clear its queue can be paused nevertheless: it is cleared, and what it had not
played is sent again when the reply goes on. Clearing sends all outstanding marks back at once. They
are not playback, so a name also carries a count of the clears before it.
"""

from collections import deque

import numpy as np

from audio import Samples
from voice_server.events import AudioFrame, PlaybackReported
from voice_server.wires.phone import Command, Mark, Order, Play

FRAME_MS = 20
"""Telephone networks frame audio like this; peers drop or stretch what does not fill a frame."""

MARK_MS = 200
"""Audio between two marks at most."""

MARK_CHARS_MAX = 64
"""A longer name is none of ours."""


class FarEnd:
    """One call's queue, one reply at a time."""

    def __init__(self, rate: int, *, can_pause: bool) -> None:
        self.rate = rate
        """Hertz of the audio that is sent."""
        self._can_pause = can_pause
        self._frame = rate * FRAME_MS // 1000
        self._now_ms = 0.0
        self._clears = 0
        self._stream = 0
        self._sent = 0
        self._marked = 0
        self._heard = 0
        self._heard_at_ms = 0.0
        self._rest: Samples = np.zeros(0, dtype=np.int16)
        self._waiting: deque[AudioFrame] = deque()
        """Not to be sent yet."""
        self._unheard: deque[AudioFrame] = deque()
        """Sent, and perhaps to be sent again."""
        self._paused = False
        self._full = False

    # What the caller's side does -------------------------------------------------------------

    def pass_time(self, ms: float) -> None:
        """The caller's audio went on for so long."""
        self._now_ms += ms

    def reached(self, name: str) -> PlaybackReported | None:
        """A mark came back; None if it was cleared away, or is not ours."""
        mark = _parsed(name)
        if mark is None:
            return None
        stream, position, clears = mark
        if (stream, clears) != (self._stream, self._clears) or position > self._sent:
            return None
        self._believe(position)
        return PlaybackReported(stream, position)

    @property
    def heard(self) -> int:
        """The sample that is heard now, as far as marks and the caller's clock tell."""
        if self._paused:
            return self._heard
        moved = int((self._now_ms - self._heard_at_ms) * self.rate / 1000)
        return min(self._queued, self._heard + moved)

    @property
    def _queued(self) -> int:
        """Samples of the stream that the peer has got."""
        return self._sent - len(self._rest)

    def flow(self, open: bool) -> None:
        """The peer's queue has room, or has none."""
        self._full = not open

    # What our side does ----------------------------------------------------------------------

    def play(self, frame: AudioFrame) -> list[Order]:
        """Send a piece of a reply, or keep it while the queue is held or full."""
        if frame.stream != self._stream:
            self._begin(frame.stream)
        self._waiting.append(frame)
        return self.due()

    def due(self) -> list[Order]:
        """What waited and may go now."""
        orders: list[Order] = []
        while self._waiting and not self._full and not (self._paused and not self._can_pause):
            orders += self._send(self._waiting.popleft())
        return orders

    def pause(self) -> list[Order]:
        """Be silent at once, and forget nothing."""
        if self._paused:
            return []
        self._believe(self.heard)
        self._paused = True
        if self._can_pause:
            return ["pause"]
        self._rewind()
        return ["clear"]

    def resume(self) -> list[Order]:
        """Go on where it was paused."""
        if not self._paused:
            return []
        self._paused = False
        self._believe(self._heard)
        resumed: list[Order] = ["resume"] if self._can_pause else []
        return resumed + self.due()

    def stop(self) -> list[Order]:
        """Throw away whatever is there."""
        commands: list[Command] = ["clear"] if self._can_pause or not self._paused else []
        if self._can_pause and self._paused:
            commands.append("resume")  # an empty queue that is held would hold what comes next
        self._clears += 1
        self._paused = False
        self._waiting.clear()
        self._begin(self._stream)
        return list(commands)

    # Behind the scenes -----------------------------------------------------------------------

    def _begin(self, stream: int) -> None:
        self._stream = stream
        self._sent = self._marked = 0
        self._rest = self._rest[:0]
        self._unheard.clear()
        self._believe(0)

    def _believe(self, position: int) -> None:
        self._heard = position
        self._heard_at_ms = self._now_ms
        while self._unheard and _end(self._unheard[0]) <= position:
            self._unheard.popleft()

    def _send(self, frame: AudioFrame) -> list[Order]:
        if self.heard >= self._queued:
            self._believe(self._queued)  # the queue was dry: it begins to play with this
        self._sent = max(self._sent, _end(frame))
        if not self._can_pause and len(frame.samples):
            self._unheard.append(frame)
        orders: list[Order] = []
        if len(whole := self._whole_frames(frame)):
            orders.append(Play(whole))
        ripe = self._sent - self._marked >= self.rate * MARK_MS // 1000
        if frame.first or frame.last or ripe:
            self._marked = self._sent
            orders.append(Mark(f"{frame.stream}:{self._sent}:{self._clears}"))
        return orders

    def _whole_frames(self, frame: AudioFrame) -> Samples:
        samples = np.concatenate((self._rest, frame.samples)) if len(self._rest) else frame.samples
        missing = -len(samples) % self._frame
        if frame.last:
            self._rest = samples[:0]
            return np.pad(samples, (0, missing)) if missing else samples
        whole = len(samples) // self._frame * self._frame
        self._rest = samples[whole:]
        return samples[:whole]

    def _rewind(self) -> None:
        """Take back what was sent and not heard."""
        self._clears += 1
        self._rest = self._rest[:0]
        again = [_after(frame, self._heard) for frame in self._unheard]
        self._unheard.clear()
        self._sent = self._marked = self._heard
        self._waiting.extendleft(reversed(again))


def _end(frame: AudioFrame) -> int:
    return frame.position + len(frame.samples)


def _after(frame: AudioFrame, position: int) -> AudioFrame:
    """What of the frame lies after a sample of its stream."""
    skipped = max(0, position - frame.position)
    return AudioFrame(
        frame.stream,
        frame.position + skipped,
        frame.samples[skipped:],
        first=frame.first and not skipped,
        last=frame.last,
    )


def _parsed(name: str) -> tuple[int, int, int] | None:
    numbers = name.split(":")
    ours = len(name) <= MARK_CHARS_MAX and all(n.isascii() and n.isdecimal() for n in numbers)
    if not ours or len(numbers) != 3:
        return None
    stream, position, clears = map(int, numbers)
    return stream, position, clears
