"""A few words while an answer takes long, so that the line does not seem dead. Pure.

They are no part of the conversation: nobody remembers them, and they end in the middle of a word
when the answer is there or the caller speaks. Time is that of the caller's audio.
"""

from dataclasses import dataclass, field

import numpy as np

from audio import Samples
from audio.resample import Resampler
from voice_server import events as ev
from voice_server.wires.phone.far_end import FRAME_MS

AGAIN_MS = 5000
"""Between two times."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A few words, spoken beforehand."""

    samples: Samples = field(repr=False)
    rate: int
    """Hertz."""

    def at(self, rate: int) -> Samples:
        """The same for a call of this rate, in whole frames."""
        resampler = Resampler(self.rate, rate)
        samples = np.concatenate((resampler.feed(self.samples), resampler.flush()))
        return np.pad(samples, (0, -len(samples) % (rate * FRAME_MS // 1000)))


SILENCE = Phrase(np.zeros(0, np.int16), 16_000)


class Comfort:
    """One call's filler."""

    def __init__(self, filler: Samples, rate: int, after_ms: int) -> None:
        """`filler` is whole frames at `rate` hertz; empty: none is wanted."""
        self._filler = filler
        self._filler_ms = len(filler) * 1000 / rate
        self._after_ms = after_ms
        self._waiting = False
        self._left_ms = 0.0
        self._sounding_ms = 0.0

    def pass_time(self, ms: float) -> None:
        """The call went on for so long."""
        self._left_ms -= ms
        self._sounding_ms = max(0.0, self._sounding_ms - ms)

    def note(self, event: ev.ServerEvent) -> bool:
        """Take in what the session tells. True when what still sounds is to be cut off."""
        if isinstance(event, ev.ReplyStarted) and event.cause != "say" and event.speaks:
            self._waiting = True
            self._left_ms = self._after_ms
        elif isinstance(event, ev.AudioStarted | ev.SpeechStarted | ev.ReplyDone):
            self._waiting = False
            sounds, self._sounding_ms = self._sounding_ms > 0, 0.0
            return sounds
        return False

    def due(self) -> Samples | None:
        """The filler, when it is time for it."""
        if not self._waiting or not len(self._filler) or self._left_ms > 0:
            return None
        self._left_ms = self._filler_ms + AGAIN_MS
        self._sounding_ms = self._filler_ms
        return self._filler
