"""Recordings of any format as 16 kHz blocks, so that a day of audio needs no more memory than a
second.

libsndfile (soundfile) reads the usual formats exactly; FFmpeg's libraries (PyAV, which
faster-whisper brings) read the rest, films and pipes included.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples
from audio.resample import Resampler

STDIN = "-"
BLOCK_S = 1
RATE_MAX = 768_000
CHANNELS_MAX = 64
"""A header may claim more, and a second of that would fill the memory."""

_FRAMES_UNKNOWN = 1 << 62
"""What libsndfile says of a FLAC that was streamed, whose header does not; it cannot read them."""

_CONTAINERS = ",".join(
    (
        *("aac", "ac3", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "eac3", "flac", "flv"),
        *("gsm", "matroska", "webm", "mov", "mp4", "m4a", "3gp", "3g2", "mp3", "mpeg", "mpegts"),
        *("ogg", "rm", "tta", "voc", "w64", "wav", "wv"),
    )
)
"""What FFmpeg may read: a playlist, say, could name other files of this machine, or addresses."""


class AudioFileError(Exception):
    """The file cannot be read as audio; the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Recording:
    """An open recording. `blocks` can be iterated once; it raises `AudioFileError`."""

    name: str
    duration_ms: int | None
    """None where nobody can tell before the end."""
    blocks: Iterator[Samples]
    """16 kHz mono, about a second each."""


@contextmanager
def open_recording(path: str, name: str = "") -> Iterator[Recording]:
    """Open a file, or standard input for `-`. Raises `AudioFileError`.

    Messages call it `name`, or else by its path.
    """
    if path == STDIN:
        with _opened_by_av(sys.stdin.buffer, "standard input") as recording:
            yield recording
        return
    name = name or path
    check_readable(path, name)
    file = _opened_by_libsndfile(path)
    if file is None:
        with _opened_by_av(path, name) as recording:
            yield recording
        return
    with file:
        if file.frames <= 0:
            raise AudioFileError(f"{name} holds no audio.")
        if file.samplerate > RATE_MAX or file.channels > CHANNELS_MAX:
            claim = f"{file.channels} channels at {file.samplerate} Hz"
            raise AudioFileError(f"{name} says that it has {claim}: it is damaged.")
        yield Recording(name, file.frames * 1000 // file.samplerate, _soundfile_blocks(file, name))


def _opened_by_libsndfile(path: str) -> Any | None:
    """None where FFmpeg has to read it."""
    try:
        file = soundfile.SoundFile(path)
    except soundfile.LibsndfileError:
        return None
    if file.frames < _FRAMES_UNKNOWN:
        return file
    file.close()
    return None


def check_readable(path: str, name: str = "") -> None:
    """Whether there is anything to read at all. Raises `AudioFileError`."""
    name = name or path
    try:
        with Path(path).open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise AudioFileError(f"{name} cannot be opened: {error.strerror}.") from error
    if empty:
        raise AudioFileError(f"{name} is empty.")


def _soundfile_blocks(file: Any, name: str) -> Iterator[Samples]:
    resampler = Resampler(file.samplerate, SAMPLE_RATE)
    try:
        for block in file.blocks(file.samplerate * BLOCK_S, dtype="float32", always_2d=True):
            yield resampler.feed(_to_int16(block.mean(axis=1)))
    except soundfile.LibsndfileError as error:
        raise AudioFileError(f"{name} is damaged: {error}") from error
    yield resampler.flush()


@contextmanager
def _opened_by_av(source: Any, name: str) -> Iterator[Recording]:
    try:
        options = {"format_whitelist": _CONTAINERS}
        container = av.open(source, metadata_errors="ignore", options=options)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise AudioFileError(f"{name} is not a recording in a format that can be read.") from error
    with container:
        if not container.streams.audio:
            raise AudioFileError(f"{name} has no sound track.")
        duration_ms = None if container.duration is None else container.duration // 1000
        yield Recording(name, duration_ms, _av_blocks(container, name))


def _av_blocks(container: Any, name: str) -> Iterator[Samples]:
    """FFmpeg's own resampler is used here: it also knows every sample format and layout."""
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    try:
        for frame in container.decode(container.streams.audio[0]):
            for resampled in resampler.resample(frame):
                yield resampled.to_ndarray()[0]
        for resampled in resampler.resample(None):
            yield resampled.to_ndarray()[0]
    except (av.FFmpegError, ValueError) as error:
        raise AudioFileError(f"{name} is damaged: {error}") from error


def _to_int16(signal: NDArray[np.float32]) -> Samples:
    """Clip what is beyond full scale, and take what is no number for silence."""
    finite = np.nan_to_num(signal, nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint(finite * 32768), -32768, 32767).astype(np.int16)
