"""The microphone of one session: bytes in the client's format to frames that are voice or not.

Decode, resample to 16 kHz, cut into frames of 10 ms, decide about each. Also keeps the pre-roll and
measures loudness. Runs on the event loop: a few microseconds a frame while nobody speaks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from audio import FRAME_MS, SAMPLE_RATE, Samples
from audio.formats import AudioFormat, Decoder
from audio.framing import Framer
from audio.levels import rms_dbfs
from audio.preroll import PreRoll
from audio.resample import Resampler
from audio.speaker_level import SpeakerLevel
from audio.vad import VoiceDetector

GAP_MS_MAX = 1000
"""A longer gap is shortened to this: nothing was said in it, and turns count audio time."""

LEVEL_MS = 100


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """Ten milliseconds of microphone."""

    samples: Samples = field(repr=False)
    """Shape (160,), 16 kHz."""
    voice: bool


class Ear:
    """One session's input, from bytes to frames."""

    def __init__(self, format: AudioFormat, detector: VoiceDetector, pre_roll_ms: int) -> None:
        self.format = format
        self.position = 0
        """Samples taken in, at the input rate."""
        self.offset_ms = 0.0
        """Microphone time minus heard time: what was skipped, less what was filled in."""
        self.pre_roll = PreRoll(pre_roll_ms)
        """Push frames that belong to no utterance; drain it when one begins."""
        self._decoder = Decoder(format)
        self._resampler = Resampler(format.rate, SAMPLE_RATE)
        self._framer = Framer()
        self._detector = detector
        self._speaker = SpeakerLevel()
        self._level: list[Samples] = []

    def change(self, format: AudioFormat) -> None:
        """From here on the microphone's bytes are in another format."""
        self.position = self.position * format.rate // self.format.rate
        self.format = format
        self._decoder = Decoder(format)
        self._resampler = Resampler(format.rate, SAMPLE_RATE)

    def hear(self, data: bytes) -> Iterator[HeardFrame]:
        """Take in bytes, cut anywhere, and yield the frames that they complete."""
        samples = self._decoder.feed(data)
        self.position += len(samples)
        yield from self._frames(samples)

    def skip(self, data: bytes) -> None:
        """Take in bytes without listening to them."""
        self.skip_samples(len(self._decoder.feed(data)))

    def skip_samples(self, samples: int) -> None:
        """Let time pass without listening, in samples at the input rate."""
        self.position += samples
        self.offset_ms += samples * 1000 / self.format.rate

    def miss(self, samples: int) -> Iterator[HeardFrame]:
        """Take in silence for samples that will not come."""
        kept = min(samples, self.format.rate * GAP_MS_MAX // 1000)
        self.position += kept
        self.skip_samples(samples - kept)
        yield from self._frames(np.zeros(kept, dtype=np.int16))

    def stall(self, ms: int) -> Iterator[HeardFrame]:
        """Silence in place of audio that did not come in time, if it comes at all."""
        self.offset_ms -= ms
        yield from self._frames(np.zeros(self.format.rate * ms // 1000, dtype=np.int16))

    def keep(self, pre_roll_ms: int) -> None:
        """Change how much audio from before an onset is kept."""
        if pre_roll_ms != self.pre_roll.duration_ms:
            self.pre_roll = PreRoll(pre_roll_ms)

    def level(self) -> float | None:
        """Loudness of the last tenth of a second in dBFS, once per tenth of a second."""
        if len(self._level) * FRAME_MS < LEVEL_MS:
            return None
        loudness = rms_dbfs(np.concatenate(self._level))
        self._level.clear()
        return loudness

    def _frames(self, samples: Samples) -> Iterator[HeardFrame]:
        for frame in self._framer.feed(self._resampler.feed(samples)):
            self._level.append(frame)
            voice = self._detector.feed(frame)
            yield HeardFrame(frame, self._speaker.hears(frame, voice))
