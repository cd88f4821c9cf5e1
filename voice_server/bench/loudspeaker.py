"""A simulated loudspeaker: plays what the server sends, in step with the microphone.

It stands for a client with one buffer of 20 ms. It pauses, goes on and stops as it is told, says
what it has played, and leaks into the microphone through a room.
"""

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples
from voice_server import events as ev
from voice_server.bench.clips import Room

REPORT_MS = 200
_REFLECTIONS = 24

Signal = NDArray[np.float64]


class Loudspeaker:
    """One client's. Everything at 16 kHz."""

    def __init__(self) -> None:
        self.stream = 0
        """The stream that is played, or was last."""
        self.played: dict[int, int] = {}
        """Samples that were heard, by stream."""
        self.sent: dict[int, int] = {}
        """Samples that came, by stream."""
        self.misplaced = 0
        """Frames that did not follow the one before."""
        self._waiting: list[Samples] = []
        self._paused = False
        self._unreported_ms = 0

    def obey(self, event: ev.ServerEvent) -> ev.PlaybackReported | None:
        """Take a frame or an order; answer if a client would answer at once."""
        match event:
            case ev.AudioFrame(stream, position, samples):
                self._take(stream, position, samples)
            case ev.PlaybackPaused(stream) if stream == self.stream:
                self._paused = True
                return self._report("paused")
            case ev.PlaybackResumed(stream) if stream == self.stream:
                self._paused = False
                return self._report("playing")
            case ev.PlaybackStopped(stream) if stream == self.stream:
                self._waiting.clear()
                self._paused = False
                return self._report("stopped")
            case _:
                pass
        return None

    def play(self, samples: int) -> Samples:
        """The next stretch of sound, shape (samples,); silence where there is nothing."""
        sound = np.zeros(samples, dtype=np.int16)
        filled = 0
        while filled < samples and self._waiting and not self._paused:
            piece = self._waiting.pop(0)
            taken = piece[: samples - filled]
            if len(taken) < len(piece):
                self._waiting.insert(0, piece[len(taken) :])
            sound[filled : filled + len(taken)] = taken
            filled += len(taken)
        self.played[self.stream] = self.played.get(self.stream, 0) + filled
        return sound

    def report(self, passed_ms: int) -> ev.PlaybackReported | None:
        """What a client says from time to time while it plays."""
        self._unreported_ms += passed_ms
        if self._unreported_ms < REPORT_MS or not self._waiting or self._paused:
            return None
        return self._report("playing")

    def _report(self, state: str) -> ev.PlaybackReported:
        self._unreported_ms = 0
        position = self.played.get(self.stream, 0)
        match state:
            case "paused":
                return ev.PlaybackReported(self.stream, position, "paused")
            case "stopped":
                return ev.PlaybackReported(self.stream, position, "stopped")
            case _:
                return ev.PlaybackReported(self.stream, position, "playing")

    def _take(self, stream: int, position: int, samples: Samples) -> None:
        if stream != self.stream:
            self.stream = stream
            self._waiting.clear()
            self._paused = False
        if position != self.sent.get(stream, 0):
            self.misplaced += 1
        self.sent[stream] = position + len(samples)
        self._waiting.append(samples)


class Echo:
    """What a room makes of the loudspeaker: a direct sound and reflections that die away."""

    def __init__(self, room: Room) -> None:
        rng = np.random.default_rng(room.seed)
        span = SAMPLE_RATE * room.decay_ms // 1000
        later = np.sort(rng.integers(1, span, _REFLECTIONS))
        fade = 10 ** (-3 * later / span) * rng.choice((-0.5, 0.5), _REFLECTIONS)
        direct = SAMPLE_RATE * room.delay_ms // 1000
        self._taps = [(direct, 1.0), *zip(direct + later, fade, strict=True)]
        self._gain = 10 ** (room.gain_db / 20)
        self._past: Signal = np.zeros(direct + span)

    def feed(self, sound: Samples) -> Signal:
        """What reaches the microphone while this is played, same shape."""
        count = len(sound)
        self._past = np.concatenate([self._past, sound])
        end = len(self._past)
        total = np.zeros(count)
        for delay, weight in self._taps:
            total += weight * self._past[end - count - delay : end - delay]
        self._past = self._past[count:]
        return self._gain * total
