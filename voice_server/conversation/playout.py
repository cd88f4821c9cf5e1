"""Reply audio between the voice and the client: paced, and aware of what was heard.

Pure: time comes in as an argument (seconds of a monotonic clock). A `Playout` holds the audio that
was made but not sent, sends it in frames at most `lead_ms` ahead of the client's loudspeaker, and
knows at any moment which sample is being heard. The position comes from the client's reports; a
client that sends none is believed to play in real time from the first frame on. A paused playout
sends nothing and goes on with the very next sample.

Why pace at all: whatever lies in the client's buffers at a barge-in was synthesised and sent in
vain, and a client that cannot flush would go on talking.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Literal

import numpy as np

from audio import Samples
from models.tts import WordMark
from voice_server.events import AudioDone, AudioFrame, AudioMarked, AudioStarted, SessionOptions
from voice_server.settings import LimitSettings

FIRST_FRAME_MS = 40
"""Short, so that the first sound leaves early."""

FRAME_MS = 100
"""Later frames: fewer messages."""

LEAD_MS_MIN = 2 * FRAME_MS
"""With less, no frame would ever fit."""

PlayoutEvent = AudioStarted | AudioMarked | AudioFrame | AudioDone


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of a stream reached the user's ear."""

    position: int
    """Samples."""
    end_char: int
    """Characters of the reply's text, up to the end of the last word heard whole."""
    basis: Literal["reported", "estimated"]


def lead_ms(options: SessionOptions, limits: LimitSettings) -> int:
    """How far audio may be sent ahead of playback: what the client wants, within our bounds."""
    return max(LEAD_MS_MIN, min(options.lead_ms_max, limits.lead_ms_max))


class Playout:
    """The audio of one reply."""

    def __init__(self, stream: int, rate: int, lead_ms: int, *, starts_at: float = 0.0) -> None:
        """`starts_at`: until then the loudspeaker has something else to say, if that is later.

        It counts as position before the first sample, so that the lead covers both.
        """
        self.stream = stream
        self.rate = rate
        """Hertz of everything here."""
        self.sent = 0
        """Samples."""
        self._lead = rate * lead_ms // 1000
        self._unsent: deque[Samples] = deque()
        self._unsent_samples = 0
        self._marks: deque[WordMark] = deque()
        self._sent_marks: list[WordMark] = []
        self._complete = False
        self._done_sent = False
        self._last_sent = False
        self._position = 0
        self._position_at = starts_at
        self._moving = True
        self._paused = False
        self._still = False
        """The client holds its loudspeaker still, because it was asked to."""
        self._reported: int | None = None

    # From the voice --------------------------------------------------------------------------

    def add(self, samples: Samples, marks: tuple[WordMark, ...] = ()) -> None:
        """Append audio; `marks` count samples from the start of the stream."""
        if len(samples):
            self._unsent.append(samples)
            self._unsent_samples += len(samples)
        self._marks.extend(marks)

    def complete(self) -> None:
        """No more audio comes."""
        self._complete = True

    @property
    def made(self) -> int:
        """Samples the voice has made."""
        return self.sent + self._unsent_samples

    @property
    def unsent_ms(self) -> int:
        """Milliseconds of audio that wait."""
        return self._unsent_samples * 1000 // self.rate

    # To the client ---------------------------------------------------------------------------

    def due(self, now: float) -> list[PlayoutEvent]:
        """Everything that may be sent at `now`, in order."""
        events: list[PlayoutEvent] = []
        if self._paused:
            return events
        while self._unsent_samples and self._room(now) >= self._next_frame():
            if not self.sent:
                events.append(AudioStarted(self.stream))
            events += self._send_frame(now)
        if self._complete and not self._unsent_samples and not self._done_sent:
            self._done_sent = True
            if self.sent:
                events += self._end()
        return events

    def next_due(self, now: float) -> float | None:
        """When `due` will have something or the stream will have been played; None: not by time."""
        if self._paused:
            return None
        if self._unsent_samples:
            wait = self._next_frame() - self._room(now)
        elif self._done_sent:
            wait = self.sent - self.position(now)
        else:
            return None
        if not self._moving and wait > 0:
            return None
        return now + max(0, wait) / self.rate

    def start_at(self, now: float) -> None:
        """Until then the loudspeaker has something else to say; before anything was sent."""
        self._position_at = now

    @property
    def sent_out(self) -> bool:
        """Whether the whole stream went to the client."""
        return self._done_sent

    def ends_at(self, now: float) -> float:
        """When the last sample that was sent will have been heard."""
        return now + max(0, self.sent - self.position(now)) / self.rate

    def played_out(self, now: float) -> bool:
        """Whether the last sample was heard."""
        return self._done_sent and not self._paused and self.position(now) >= self.sent

    @property
    def abandoned(self) -> bool:
        """Whether the client's loudspeaker stands still without being asked to."""
        return not self._moving and not self._paused

    def left_ms(self, now: float) -> float:
        """How long what was made will still sound; infinite while more is being made."""
        if not self._complete:
            return math.inf
        return (self.made - self.position(now)) * 1000 / self.rate

    def _room(self, now: float) -> int:
        return self._lead - (self.sent - self.position(now))

    def _next_frame(self) -> int:
        frame_ms = FRAME_MS if self.sent else FIRST_FRAME_MS
        return min(self.rate * frame_ms // 1000, self._unsent_samples)

    def _send_frame(self, now: float) -> list[PlayoutEvent]:
        samples = self._take(self._next_frame())
        position, end = self.sent, self.sent + len(samples)
        events: list[PlayoutEvent] = []
        while self._marks and self._marks[0].start_sample < end:
            mark = self._marks.popleft()
            self._sent_marks.append(mark)
            events.append(_marked(self.stream, mark))
        self._restart_after_underrun(now)
        self.sent = end
        self._last_sent = self._complete and not self._unsent_samples
        first, last = not position, self._last_sent
        events.append(AudioFrame(self.stream, position, samples, first, last))
        return events

    def _end(self) -> list[PlayoutEvent]:
        """The voice often ends when its last audio is on its way: then an empty frame says so."""
        events: list[PlayoutEvent] = []
        if not self._last_sent:
            nothing = np.zeros(0, dtype=np.int16)
            events.append(AudioFrame(self.stream, self.sent, nothing, last=True))
        return [*events, AudioDone(self.stream, self.sent)]

    def _take(self, count: int) -> Samples:
        pieces: list[Samples] = []
        wanted = count
        while wanted:
            piece = self._unsent.popleft()
            if len(piece) > wanted:
                self._unsent.appendleft(piece[wanted:])
                piece = piece[:wanted]
            pieces.append(piece)
            wanted -= len(piece)
        self._unsent_samples -= count
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    # Holding on ------------------------------------------------------------------------------

    def pause(self, now: float, *, client_stops: bool) -> None:
        """Send nothing more. `client_stops`: its loudspeaker holds still, too."""
        self._paused = True
        self._still = client_stops
        if client_stops:
            self._position = self.position(now)
            self._position_at = now
            self._moving = False

    def resume(self, now: float) -> None:
        """Go on with the next sample."""
        self._paused = self._still = False
        if not self._moving:
            self._position_at = now
            self._moving = True

    # From the client's loudspeaker -----------------------------------------------------------

    def position(self, now: float) -> int:
        """The sample that is heard at `now`; never beyond what was sent.

        Negative while the loudspeaker has something else to say first.
        """
        if not self._moving:
            return self._position
        moved = int((now - self._position_at) * self.rate)
        return min(self.sent, self._position + moved)

    def report(self, position: int, moving: bool, now: float) -> bool:
        """The client says what it has rendered. False if that cannot be and was clamped.

        A report may correct what was only estimated, but not take back an earlier report.
        """
        earliest = self._reported or 0
        plausible = earliest <= position <= self.sent
        self._reported = self._position = min(self.sent, max(earliest, position))
        self._position_at = now
        self._moving = moving and not self._still
        return plausible

    def heard(self, now: float) -> Heard:
        """What the user has heard, to the last whole word."""
        position = max(0, self.position(now))
        end_char = 0
        for mark in self._sent_marks:
            if mark.end_sample > position:
                break
            end_char = mark.end_char
        return Heard(position, end_char, "estimated" if self._reported is None else "reported")

    def sounding(self, now: float, last_s: float) -> tuple[int, int]:
        """The characters of the reply that were played in the last seconds, or play now."""
        position = self.position(now)
        earliest = position - int(last_s * self.rate)
        marks = [
            mark
            for mark in self._sent_marks
            if mark.end_sample > earliest and mark.start_sample <= position + self.rate // 2
        ]
        return (marks[0].start_char, marks[-1].end_char) if marks else (0, 0)

    def _restart_after_underrun(self, now: float) -> None:
        """A loudspeaker that ran dry goes on with the frame that comes now."""
        if self._moving and self.position(now) >= self.sent:
            self._position = self.sent
            self._position_at = now


def _marked(stream: int, mark: WordMark) -> AudioMarked:
    return AudioMarked(
        stream=stream,
        position=mark.start_sample,
        end_position=mark.end_sample,
        start_char=mark.start_char,
        end_char=mark.end_char,
        exact=mark.exact,
    )
