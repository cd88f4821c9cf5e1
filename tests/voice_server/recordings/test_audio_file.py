"""Recordings: many formats come out as the same 16 kHz audio, and what is none is explained."""

import io
import sys
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest
import soundfile

from audio import SAMPLE_RATE, Samples
from voice_server.recordings.audio_encoder import Format, encoder
from voice_server.recordings.audio_file import AudioFileError, open_recording

pytestmark = pytest.mark.pure

SECONDS = 3


def tone(rate: int, hz: int = 440) -> Samples:
    time = np.arange(rate * SECONDS) / rate
    return (8000 * np.sin(2 * np.pi * hz * time)).astype(np.int16)


def read(path: Path | str) -> tuple[Samples, int | None]:
    with open_recording(str(path)) as recording:
        return np.concatenate(list(recording.blocks)), recording.duration_ms


def write_film(path: Path, rate: int = 48_000) -> None:
    """A sound track in AAC, which libsndfile cannot read."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(rate)[None, :], format="s16", layout="mono")
        frame.rate = rate
        frame.time_base = Fraction(1, rate)
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def loudest_hz(samples: Samples) -> float:
    spectrum = np.abs(np.fft.rfft(samples.astype(float)))
    return float(np.argmax(spectrum)) * SAMPLE_RATE / len(samples)


@pytest.mark.parametrize(
    ("name", "rate", "subtype"),
    [
        ("a.wav", 8_000, "PCM_16"),
        ("a.wav", 16_000, "PCM_16"),
        ("a.wav", 44_100, "PCM_24"),
        ("a.wav", 96_000, "FLOAT"),
        ("a.flac", 48_000, "PCM_16"),
        ("a.ogg", 48_000, "OPUS"),
        ("a.mp3", 44_100, "MPEG_LAYER_III"),
    ],
)
def test_formats_of_libsndfile(tmp_path: Path, name: str, rate: int, subtype: str) -> None:
    path = tmp_path / name
    soundfile.write(path, tone(rate) / 32768, rate, subtype=subtype)
    samples, duration_ms = read(path)
    assert duration_ms == pytest.approx(SECONDS * 1000, abs=60)
    assert len(samples) == pytest.approx(SECONDS * SAMPLE_RATE, rel=0.03)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)
    assert np.abs(samples).max() == pytest.approx(8000, rel=0.1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_no_sample_is_lost_at_the_end(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", tone(rate), rate)
    assert len(read(tmp_path / "a.wav")[0]) == pytest.approx(SECONDS * SAMPLE_RATE, abs=1)


@pytest.mark.parametrize("format", [name for name in get_args(Format) if name != "pcm"])
def test_what_this_server_streams_can_be_read(tmp_path: Path, format: Format) -> None:
    """Headers of streams do not say how long they are."""
    file = tmp_path / "streamed"
    writer = encoder(format, 24_000)
    file.write_bytes(writer.feed(tone(24_000)) + writer.finish())
    samples, _ = read(file)
    assert len(samples) == pytest.approx(SAMPLE_RATE * SECONDS, abs=SAMPLE_RATE // 10)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


def test_films_are_read_by_ffmpeg(tmp_path: Path) -> None:
    write_film(tmp_path / "a.m4a")
    samples, duration_ms = read(tmp_path / "a.m4a")
    assert duration_ms == pytest.approx(SECONDS * 1000, abs=60)
    assert loudest_hz(samples) == pytest.approx(440, abs=2)


def test_stereo_is_mixed_down(tmp_path: Path) -> None:
    left = tone(SAMPLE_RATE)
    soundfile.write(tmp_path / "a.wav", np.stack([left, np.zeros_like(left)], 1), SAMPLE_RATE)
    samples, _ = read(tmp_path / "a.wav")
    assert np.abs(samples).max() == pytest.approx(4000, rel=0.01)


def test_sixteen_bits_stay_as_they_are(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(SAMPLE_RATE), SAMPLE_RATE)
    samples, _ = read(tmp_path / "a.wav")
    assert np.array_equal(samples, tone(SAMPLE_RATE))


def test_values_that_are_no_numbers_are_silence(tmp_path: Path) -> None:
    signal = np.array([0.5, np.nan, np.inf, -np.inf, 7.0] * 1000, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", signal, SAMPLE_RATE, subtype="FLOAT")
    samples, _ = read(tmp_path / "a.wav")
    assert list(samples[:5]) == [16384, 0, 32767, -32768, 32767]


def test_standard_input_is_read_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soundfile.write(tmp_path / "a.wav", tone(SAMPLE_RATE), SAMPLE_RATE)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper((tmp_path / "a.wav").open("rb")))
    samples, _ = read("-")
    assert np.array_equal(samples, tone(SAMPLE_RATE))
    sys.stdin.close()


def test_blocks_are_small(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(SAMPLE_RATE * 60, np.int16), SAMPLE_RATE)
    with open_recording(str(tmp_path / "a.wav")) as recording:
        assert all(len(block) <= SAMPLE_RATE for block in recording.blocks)


def test_what_is_not_audio_is_explained(tmp_path: Path) -> None:
    contents = {"empty": b"", "text": b"Dear diary,\n" * 100, "noise": bytes(range(256)) * 10}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AudioFileError, match=r"empty is empty\."):
        read(tmp_path / "empty")
    with pytest.raises(AudioFileError, match="text is not a recording"):
        read(tmp_path / "text")
    with pytest.raises(AudioFileError, match="noise"):
        read(tmp_path / "noise")
    with pytest.raises(AudioFileError, match="cannot be opened: No such file"):
        read(tmp_path / "missing")
    with pytest.raises(AudioFileError, match="cannot be opened: Is a directory"):
        read(tmp_path)


def test_a_recording_without_samples_is_explained(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(0, np.int16), SAMPLE_RATE)
    with pytest.raises(AudioFileError, match="holds no audio"):
        read(tmp_path / "a.wav")


def test_a_damaged_recording_gives_what_it_has_or_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    soundfile.write(path, tone(SAMPLE_RATE), SAMPLE_RATE)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    try:
        samples, _ = read(path)
    except AudioFileError as error:
        assert str(path) in str(error)
    else:
        assert 0 < len(samples) < SECONDS * SAMPLE_RATE


def test_a_header_that_asks_for_all_the_memory_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "huge.wav"
    soundfile.write(file, tone(16_000), 16_000)
    header = bytearray(file.read_bytes())
    header[24:28] = (2_000_000_000).to_bytes(4, "little")
    file.write_bytes(header)
    with pytest.raises(AudioFileError, match="2000000000 Hz: it is damaged"):
        read(file)


def test_messages_need_not_show_the_path(tmp_path: Path) -> None:
    files = {"empty.wav": b"", "text.wav": b"no audio at all" * 100}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    for path in (*(tmp_path / name for name in files), tmp_path / "missing.wav"):
        with (
            pytest.raises(AudioFileError, match=r"^The file ") as caught,
            open_recording(str(path), "The file"),
        ):
            pass
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile secret.wav\n",
        "#EXTM3U\n#EXTINF:3,\nsecret.wav\n#EXT-X-ENDLIST\n",
    ],
    ids=["concat", "hls"],
)
def test_no_file_leads_to_another(tmp_path: Path, playlist: str) -> None:
    """FFmpeg would play a playlist, and with it whatever lies on this machine."""
    soundfile.write(tmp_path / "secret.wav", tone(16_000), 16_000)
    file = tmp_path / "list.m3u8"
    file.write_text(playlist)
    with pytest.raises(AudioFileError, match="not a recording in a format that can be read"):
        read(file)
