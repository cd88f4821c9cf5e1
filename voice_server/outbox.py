"""What waits to be sent to one client: in order, bounded, and nothing that no longer matters.

Pure. Events leave in the order they came, with three exceptions. A state, level, flow or partial
replaces the one of its kind that still waits (only the newest matters). Pausing and stopping a
reply go in front of everything, and void what waits to pause or resume it; stopping also removes
its waiting audio. Finals, errors and ends are never dropped: a client that does not read fills the
box, and `overfull` says so.
"""

from collections import deque
from collections.abc import Callable, Hashable

from voice_server.events import (
    AudioDone,
    AudioFrame,
    AudioMarked,
    AudioStarted,
    InputFlow,
    LevelMeasured,
    PartialTranscript,
    PlaybackPaused,
    PlaybackResumed,
    PlaybackStopped,
    ServerEvent,
    StateChanged,
)

EVENT_BYTES = 256
"""What an event is taken to weigh besides its audio and text."""

TEXTS = ("text", "stable", "unstable", "heard", "unheard")
"""Attributes of events that hold text."""


class Outbox:
    """A queue of server events for one connection."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        self.bytes = 0
        """Weight of what waits."""
        self.replaced = 0
        """Events that made room for newer ones, since the beginning."""
        self._queue: deque[ServerEvent] = deque()

    def __len__(self) -> int:
        return len(self._queue)

    @property
    def overfull(self) -> bool:
        """The client reads too slowly to be served."""
        return self.bytes > self.bytes_max

    def put(self, event: ServerEvent) -> None:
        """Append an event, by the three rules above."""
        if isinstance(event, PlaybackStopped | PlaybackPaused):
            self._keep(lambda waiting: not _voids(event, waiting))
            self._queue.appendleft(event)
            self.bytes += _weight(event)
            return
        key = _replaceable(event)
        if key is not None:
            self._discard_older(key)
        self._queue.append(event)
        self.bytes += _weight(event)

    def take(self) -> ServerEvent | None:
        """The next event to send, or None."""
        if not self._queue:
            return None
        event = self._queue.popleft()
        self.bytes -= _weight(event)
        return event

    def take_run(self) -> list[ServerEvent]:
        """What may be told in one go: a piece of audio, or everything before the next one."""
        run: list[ServerEvent] = []
        while self._queue and not (run and isinstance(self._queue[0], AudioFrame)):
            event = self.take()
            assert event is not None
            run.append(event)
            if isinstance(event, AudioFrame):
                break
        return run

    def _discard_older(self, key: Hashable) -> None:
        before = len(self._queue)
        self._keep(lambda event: _replaceable(event) != key)
        self.replaced += before - len(self._queue)

    def _keep(self, wanted: Callable[[ServerEvent], bool]) -> None:
        self._queue = deque(event for event in self._queue if wanted(event))
        self.bytes = sum(_weight(event) for event in self._queue)


def _voids(event: PlaybackStopped | PlaybackPaused, waiting: ServerEvent) -> bool:
    """Whether a waiting event no longer matters once this one is there."""
    match waiting:
        case AudioStarted() | AudioMarked() | AudioFrame() | AudioDone():
            return isinstance(event, PlaybackStopped) and waiting.stream == event.stream
        case PlaybackPaused() | PlaybackResumed():
            return waiting.stream == event.stream
        case _:
            return False


def _replaceable(event: ServerEvent) -> Hashable:
    """Equal for events of which only the newest matters; None for all others."""
    match event:
        case StateChanged() | LevelMeasured() | InputFlow():
            return (type(event),)
        case PartialTranscript():
            return (PartialTranscript, event.turn)
        case _:
            return None


def _weight(event: ServerEvent) -> int:
    if isinstance(event, AudioFrame):
        return EVENT_BYTES + event.samples.nbytes
    return EVENT_BYTES + sum(len(getattr(event, name, "")) for name in TEXTS)
