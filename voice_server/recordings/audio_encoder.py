"""Samples to bytes of a file that can be played while it grows.

PCM and WAV are written here; the others by FFmpeg's libraries (PyAV, which faster-whisper brings),
into memory that is emptied after every call. Containers that would have to go back to their
beginning are not among them. Encoding costs CPU: call it in a thread.
"""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, Protocol

import av

from audio import Samples

Format = Literal["pcm", "wav", "mp3", "flac", "opus", "aac"]

ENDLESS = 0xFFFF_FFFF
"""The length in the header of a WAV file that nobody knows yet."""


@dataclass(frozen=True, slots=True)
class _Kind:
    container: str
    codec: str
    bit_rate: int | None = None
    """Bits per second; None leaves it to the codec."""
    codec_options: Mapping[str, str] = field(default_factory=dict)
    container_options: Mapping[str, str] = field(default_factory=dict)


_KINDS = {
    # A table of contents would have to be written last and stand first. Level 7 of 9 and the fast
    # coder cost half or less, and speech at these rates sounds the same.
    "mp3": _Kind(
        "mp3",
        "libmp3lame",
        64_000,
        {"compression_level": "7"},
        {"write_xing": "0", "id3v2_version": "0"},
    ),
    "flac": _Kind("flac", "flac"),
    # Pages of 100000 µs are heard sooner than those of a second.
    "opus": _Kind("ogg", "libopus", 48_000, container_options={"page_duration": "100000"}),
    "aac": _Kind("adts", "aac", 64_000, {"aac_coder": "fast"}),
}


class Encoder(Protocol):
    """One file in the making: 16-bit mono samples in, bytes out."""

    def feed(self, samples: Samples) -> bytes:
        """What is ready, possibly nothing. Shape (n,), at the rate that was given."""
        ...

    def finish(self) -> bytes:
        """The end of the file."""
        ...


def encoder(format: Format, rate: int) -> Encoder:
    """Begin a file at `rate` hertz: 24000 suits every format."""
    if format == "pcm":
        return _Pcm(b"")
    if format == "wav":
        return _Pcm(wav_header(rate))
    return _Compressed(format, rate)


def wav_header(rate: int) -> bytes:
    """The 44 bytes before the samples of an endless WAV file (RIFF, PCM, 16 bit, mono)."""
    chunk = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", ENDLESS, b"WAVE")
        + chunk
        + struct.pack("<4sI", b"data", ENDLESS)
    )


class _Pcm:
    def __init__(self, header: bytes) -> None:
        self._header = header

    def feed(self, samples: Samples) -> bytes:
        header, self._header = self._header, b""
        return header + samples.astype("<i2", copy=False).tobytes()

    def finish(self) -> bytes:
        return self._header


class _Compressed:
    def __init__(self, format: Format, rate: int) -> None:
        kind = _KINDS[format]
        self._sink = _Sink()
        self._container: Any = av.open(
            self._sink, "w", format=kind.container, options=dict(kind.container_options)
        )
        self._stream: Any = self._container.add_stream(
            kind.codec, rate=rate, layout="mono", options=dict(kind.codec_options)
        )
        if kind.bit_rate is not None:
            self._stream.bit_rate = kind.bit_rate
        self._rate = rate
        self._position = 0

    def feed(self, samples: Samples) -> bytes:
        if len(samples):
            frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
            frame.rate = self._rate
            frame.pts = self._position
            frame.time_base = Fraction(1, self._rate)
            self._position += len(samples)
            self._container.mux(self._stream.encode(frame))
        return self._sink.taken()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._sink.taken()


class _Sink(io.RawIOBase):
    """A file that can only grow, and forgets what was taken."""

    def __init__(self) -> None:
        super().__init__()
        self._data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._data += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._data)
        self._data.clear()
        return data
