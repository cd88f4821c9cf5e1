"""Wire formats: bytes in any pieces to mono samples, and samples back to bytes.

A network message may end anywhere, even inside a sample or between the two samples of a stereo
pair, so a `Decoder` keeps what does not make a whole sample yet. The rate is not changed here: see
`audio.resample`.
"""

import warnings
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

import numpy as np

from audio import Samples

with warnings.catch_warnings():
    # Up to Python 3.12 this is the standard library's module, from 3.13 on that of `audioop-lts`.
    warnings.filterwarnings("ignore", "'audioop' is deprecated", DeprecationWarning)
    import audioop

RATE_MIN = 8_000
"""Hertz."""

RATE_MAX = 48_000
"""Hertz."""


class FormatError(ValueError):
    """An audio format that is not accepted; the message says which ones are."""


class Codec(StrEnum):
    """How one sample is written. Unknown names raise `FormatError`."""

    PCM_S16LE = "pcm_s16le"
    """Signed 16-bit integers, little endian."""
    PCMU = "pcmu"
    """ITU-T G.711 µ-law, 8 kHz."""
    PCMA = "pcma"
    """ITU-T G.711 A-law, 8 kHz."""

    @classmethod
    def _missing_(cls, value: object) -> NoReturn:
        accepted = ", ".join(cls)
        raise FormatError(f"Unknown audio codec {value!r}. Accepted: {accepted}.")


_SAMPLE_BYTES = {Codec.PCM_S16LE: 2, Codec.PCMU: 1, Codec.PCMA: 1}


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What the bytes of one stream mean. Raises `FormatError` when it is not accepted."""

    codec: Codec
    rate: int
    """Hertz: 8000 to 48000 for PCM, 8000 for G.711."""
    channels: int = 1
    """1, or 2 to be mixed down to mono."""

    def __post_init__(self) -> None:
        if self.codec is not Codec.PCM_S16LE and self.rate != RATE_MIN:
            raise FormatError(
                f"{self.codec} at {self.rate} Hz is not accepted: G.711 is {RATE_MIN} Hz."
            )
        if not RATE_MIN <= self.rate <= RATE_MAX:
            raise FormatError(
                f"A sample rate of {self.rate} Hz is not accepted: use {RATE_MIN} to {RATE_MAX} Hz."
            )
        if self.channels not in (1, 2):
            raise FormatError(
                f"{self.channels} channels are not accepted: use 1, or 2 to be mixed to mono."
            )

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return _SAMPLE_BYTES[self.codec] * self.channels

    def duration_ms(self, n_bytes: int) -> float:
        """Milliseconds of audio in `n_bytes` bytes of this format."""
        return n_bytes * 1000 / (self.frame_bytes * self.rate)


class Decoder:
    """Bytes of one stream, cut anywhere, to mono samples at the stream's own rate."""

    def __init__(self, format: AudioFormat) -> None:
        self.format = format
        self._rest = b""

    @property
    def pending(self) -> int:
        """Bytes held back until the rest of their sample arrives: less than `frame_bytes`."""
        return len(self._rest)

    def feed(self, data: bytes) -> Samples:
        """Return the samples that `data` completes: shape (n,), possibly empty, read-only."""
        data = self._rest + data
        whole = len(data) - len(data) % self.format.frame_bytes
        self._rest = data[whole:]
        samples = _decode(data[:whole], self.format.codec)
        return samples if self.format.channels == 1 else _mix_down(samples)


def encode(samples: Samples, codec: Codec) -> bytes:
    """Write mono samples in `codec`. The inverse of `Decoder.feed`, up to G.711's quantisation."""
    match codec:
        case Codec.PCM_S16LE:
            return samples.astype("<i2", copy=False).tobytes()
        case Codec.PCMU:
            return audioop.lin2ulaw(samples.tobytes(), 2)
        case Codec.PCMA:
            return audioop.lin2alaw(samples.tobytes(), 2)


def _decode(data: bytes, codec: Codec) -> Samples:
    match codec:
        case Codec.PCM_S16LE:
            return np.frombuffer(data, dtype="<i2").astype(np.int16, copy=False)
        case Codec.PCMU:
            return np.frombuffer(audioop.ulaw2lin(data, 2), dtype=np.int16)
        case Codec.PCMA:
            return np.frombuffer(audioop.alaw2lin(data, 2), dtype=np.int16)


def _mix_down(interleaved: Samples) -> Samples:
    left, right = interleaved[0::2].astype(np.int32), interleaved[1::2]
    return ((left + right) >> 1).astype(np.int16)
