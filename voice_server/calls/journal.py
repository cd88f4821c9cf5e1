"""What was sent to one client, in case its connection broke before it arrived. Pure.

Every entry has the number that the client saw. The journal is bounded three ways (events, bytes,
age). Audio is bounded by itself: an entry whose samples are too old to be played, or belong to a
stopped reply, keeps its number and is empty.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from audio import Samples
from voice_server.events import AudioFrame

NOTHING: Samples = np.zeros(0, dtype=np.int16)


@dataclass(frozen=True, slots=True)
class JournalLimits:
    """How much is kept of what was sent."""

    events_max: int
    bytes_max: int
    """Of text, as it was sent."""
    s_max: float
    """Age in seconds."""
    audio_bytes_max: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One numbered event."""

    number: int
    at: float
    """When it was sent, in seconds of a monotonic clock."""
    said: str | AudioFrame
    """The message as it went out; audio before it was encoded."""


@dataclass(frozen=True, slots=True)
class Played:
    """How much of a stream's audio a client has."""

    stream: int
    position: int
    """Samples since the stream began."""


class Journal:
    """The newest part of everything that one client was sent."""

    def __init__(self, limits: JournalLimits) -> None:
        self.last = 0
        """Number of the newest event that was told, kept or not."""
        self._limits = limits
        self._entries: deque[Entry] = deque()
        self._forgotten = 0
        """Number of the newest entry that is gone."""
        self._text_bytes = 0
        self._samples: dict[int, Samples] = {}
        """By number, oldest first."""
        self._audio_bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def bytes(self) -> int:
        """Text and audio that it keeps."""
        return self._text_bytes + self._audio_bytes

    def append(self, entry: Entry) -> None:
        """Note what is sent; numbers rise."""
        self.last = entry.number
        if isinstance(entry.said, AudioFrame):
            self._samples[entry.number] = entry.said.samples
            self._audio_bytes += entry.said.samples.nbytes
            entry = replace(entry, said=replace(entry.said, samples=NOTHING))
        self._entries.append(entry)
        self._text_bytes += _text_bytes(entry)
        self._trim(entry.at)

    @property
    def entries(self) -> list[Entry]:
        """Everything that it keeps, without samples."""
        return list(self._entries)

    def restore(self, entries: Sequence[Entry], last: int) -> None:
        """Go on after what another process has told; `last` is the number of the newest event."""
        self._forgotten = last - len(entries)
        for entry in entries:
            self.append(entry)
        self.last = last

    def silence(self, stream: int) -> None:
        """A stream was stopped: nobody wants its audio any more."""
        for entry in self._entries:
            if isinstance(entry.said, AudioFrame) and entry.said.stream == stream:
                self._drop_samples(entry.number)

    def since(self, number: int, played: Played | None = None) -> list[Entry] | None:
        """Everything after `number`, or None where that can no longer be told whole.

        With `played` also the older audio that this client lacks.
        """
        if not self._forgotten <= number <= self.last:
            return None
        entries = (self._with_samples(entry) for entry in self._entries)
        return list(_wanted(entries, number, played))

    def _with_samples(self, entry: Entry) -> Entry:
        samples = self._samples.get(entry.number)
        if samples is None or isinstance(entry.said, str):
            return entry
        return replace(entry, said=replace(entry.said, samples=samples))

    # Forgetting ------------------------------------------------------------------------------

    def _trim(self, now: float) -> None:
        limits = self._limits
        while self._entries and (
            len(self._entries) > limits.events_max
            or self._text_bytes > limits.bytes_max
            or self._entries[0].at < now - limits.s_max
        ):
            self._forget_oldest()
        while self._audio_bytes > limits.audio_bytes_max:
            self._drop_samples(next(iter(self._samples)))

    def _forget_oldest(self) -> None:
        entry = self._entries.popleft()
        self._forgotten = entry.number
        self._text_bytes -= _text_bytes(entry)
        self._drop_samples(entry.number)

    def _drop_samples(self, number: int) -> None:
        samples = self._samples.pop(number, NOTHING)
        self._audio_bytes -= samples.nbytes


def _wanted(entries: Iterator[Entry], number: int, played: Played | None) -> Iterator[Entry]:
    for entry in entries:
        if entry.number > number:
            yield entry
        elif played and isinstance(entry.said, AudioFrame) and entry.said.stream == played.stream:
            missing = entry.said.position + len(entry.said.samples) - played.position
            if missing > 0:
                yield replace(entry, said=_end_of(entry.said, missing))


def _end_of(frame: AudioFrame, samples: int) -> AudioFrame:
    cut = max(0, len(frame.samples) - samples)
    return replace(frame, position=frame.position + cut, samples=frame.samples[cut:])


def _text_bytes(entry: Entry) -> int:
    return len(entry.said.encode(errors="replace")) if isinstance(entry.said, str) else 0
