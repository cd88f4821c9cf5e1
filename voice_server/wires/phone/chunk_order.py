"""The caller's audio in order, with the silence that was not sent. Pure.

Peers number their chunks and say when each was said, because some do not promise order (Telnyx),
and some send nothing while the caller is silent (silence suppression). A chunk that is early waits
for a few others; after that what is missing is taken for lost. Time that is missing between two
chunks in order was silence.
"""

from collections.abc import Iterator

from audio.formats import AudioFormat
from voice_server.events import AudioMissed, AudioReceived
from voice_server.wires.phone import CallerAudio

WAITING_MAX = 5
"""Chunks that wait for an earlier one: a tenth of a second."""

GAP_MS_MIN = 60
"""A shorter gap is a clock that is not exact."""

CallerEvent = AudioReceived | AudioMissed


class ChunkOrder:
    """One call's incoming audio."""

    def __init__(self, format: AudioFormat) -> None:
        self.format = format
        self.late = 0
        """Chunks that came too late, or twice, and were dropped."""
        self._late_in_a_row = 0
        self._next: int | None = None
        self._waiting: dict[int, CallerAudio] = {}
        self._end_ms: float | None = None

    def take(self, audio: CallerAudio) -> list[CallerEvent]:
        """What can be heard now, in order."""
        return [event for chunk in self._sorted(audio) for event in self._heard(chunk)]

    def _sorted(self, audio: CallerAudio) -> Iterator[CallerAudio]:
        if audio.chunk is None:
            yield audio
            return
        if self._next is None:
            self._next = audio.chunk
        if audio.chunk < self._next or audio.chunk in self._waiting:
            self.late += 1
            self._late_in_a_row += 1
            if self._late_in_a_row <= WAITING_MAX:
                return
            self._next = audio.chunk  # the peer counts from the beginning again
            self._waiting.clear()
        self._late_in_a_row = 0
        self._waiting[audio.chunk] = audio
        if len(self._waiting) > WAITING_MAX:
            self._next = min(self._waiting)
        while (chunk := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            yield chunk

    def _heard(self, chunk: CallerAudio) -> Iterator[CallerEvent]:
        if chunk.at_ms is not None:
            gap_ms = chunk.at_ms - self._end_ms if self._end_ms is not None else 0.0
            if gap_ms >= GAP_MS_MIN:
                yield AudioMissed(int(gap_ms * self.format.rate / 1000), lost=False)
            self._end_ms = chunk.at_ms + self.format.duration_ms(len(chunk.data))
        if chunk.data:
            yield AudioReceived(chunk.data)
