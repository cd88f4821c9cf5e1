"""Bytes in any format and cut anywhere become frames; gaps, levels and positions are kept."""

import numpy as np
import pytest
from hypothesis import given

from audio import FRAME_SAMPLES
from audio.formats import AudioFormat, Codec
from tests.support.chunks import cut, cut_points
from tests.support.microphone import as_bytes
from tests.support.signals import tone
from tests.support.told_voice import PCM_16K, ToldVoice, silence, voice
from voice_server.conversation.ear import GAP_MS_MAX, Ear

pytestmark = pytest.mark.pure


def ear(format: AudioFormat = PCM_16K) -> Ear:
    return Ear(format, ToldVoice(), pre_roll_ms=500)


@given(cut_points(4000))
def test_frames_are_the_same_wherever_the_bytes_are_cut(points: list[int]) -> None:
    data = voice(50) + silence(40) + voice(35)
    hearing = ear()
    heard = [frame for piece in cut(data, points) for frame in hearing.hear(piece)]
    assert [frame.voice for frame in heard] == [True] * 5 + [False] * 4 + [True] * 3
    whole = np.concatenate([frame.samples for frame in heard])
    assert whole.tobytes() == data[: len(whole) * 2]
    assert hearing.position == len(data) // 2


@pytest.mark.parametrize(
    "format",
    [
        AudioFormat(Codec.PCM_S16LE, 8000),
        AudioFormat(Codec.PCM_S16LE, 48_000),
        AudioFormat(Codec.PCMU, 8000),
        AudioFormat(Codec.PCM_S16LE, 44_100, 2),
    ],
    ids=str,
)
def test_every_format_comes_out_at_16_khz(format: AudioFormat) -> None:
    hearing = ear(format)
    sound = as_bytes(tone(400, 1000, rate=format.rate), format)
    heard = list(hearing.hear(sound))
    assert 95 <= len(heard) <= 100
    assert {frame.samples.shape for frame in heard} == {(FRAME_SAMPLES,)}
    assert hearing.position == format.rate


def test_what_is_skipped_is_counted_and_not_heard() -> None:
    hearing = ear()
    hearing.skip(voice(100))
    assert hearing.position == 1600
    assert list(hearing.hear(b"")) == []


def test_a_gap_is_silence() -> None:
    hearing = ear()
    assert [frame.voice for frame in hearing.miss(1600)] == [False] * 10
    assert hearing.position == 1600


def test_a_long_gap_is_counted_whole_and_heard_in_part() -> None:
    hearing = ear()
    assert len(list(hearing.miss(16_000 * 3600))) == GAP_MS_MAX // 10
    assert hearing.position == 16_000 * 3600


def test_loudness_is_measured_ten_times_a_second() -> None:
    hearing = ear()
    levels = []
    for _ in hearing.hear(tone(400, 1000, dbfs=-20).tobytes()):
        if (level := hearing.level()) is not None:
            levels.append(level)
    assert len(levels) == 10
    assert levels == [pytest.approx(-23, abs=0.1)] * 10


def test_no_frame_shows_what_was_heard() -> None:
    (frame,) = ear().hear(voice(10))
    assert repr(frame) == "HeardFrame(voice=True)"
