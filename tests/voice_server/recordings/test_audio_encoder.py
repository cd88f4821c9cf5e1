"""Every format can be decoded again, and begins before the audio has ended."""

import io
from typing import get_args

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from audio import Samples
from voice_server.recordings.audio_encoder import Format, encoder, wav_header

pytestmark = pytest.mark.pure

RATE = 24_000
SECONDS = 3
PIECE = RATE // 10
COMPRESSED = ("mp3", "flac", "opus", "aac")


def tone() -> Samples:
    time = np.arange(RATE * SECONDS) / RATE
    return (8000 * np.sin(2 * np.pi * 440 * time)).astype(np.int16)


def encoded(format: Format) -> list[bytes]:
    writer = encoder(format, RATE)
    samples = tone()
    pieces = [writer.feed(samples[at : at + PIECE]) for at in range(0, len(samples), PIECE)]
    return [*pieces, writer.finish()]


def decoded(file: bytes) -> tuple[NDArray[np.float64], int]:
    with av.open(io.BytesIO(file)) as container:
        frames = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


@pytest.mark.parametrize("format", ["wav", *COMPRESSED])
def test_what_went_in_comes_out(format: Format) -> None:
    samples, rate = decoded(b"".join(encoded(format)))
    assert len(samples) / rate == pytest.approx(SECONDS, abs=0.1)
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    assert np.argmax(spectrum) * rate / len(samples) == pytest.approx(440, abs=1)


@pytest.mark.parametrize("format", get_args(Format))
def test_half_of_it_is_there_when_half_was_fed(format: Format) -> None:
    pieces = encoded(format)
    half = sum(len(piece) for piece in pieces[: len(pieces) // 2])
    assert half > 0.4 * sum(len(piece) for piece in pieces)


@pytest.mark.parametrize("format", COMPRESSED)
def test_it_is_smaller(format: Format) -> None:
    assert len(b"".join(encoded(format))) < len(tone().tobytes()) / 3


def test_pcm_is_the_samples_and_nothing_else() -> None:
    assert b"".join(encoded("pcm")) == tone().astype("<i2").tobytes()


def test_wav_is_pcm_behind_a_header_without_an_end() -> None:
    file = b"".join(encoded("wav"))
    assert file == wav_header(RATE) + tone().tobytes()
    samples, rate = soundfile.read(io.BytesIO(file), dtype="int16")
    assert rate == RATE
    assert np.array_equal(samples, tone())


@pytest.mark.parametrize("format", get_args(Format))
def test_nothing_is_a_file_too(format: Format) -> None:
    writer = encoder(format, RATE)
    header = writer.feed(np.zeros(0, np.int16))
    assert len(header + writer.finish()) < 10_000
