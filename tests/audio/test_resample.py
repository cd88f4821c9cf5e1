"""Resampling: no clicks where chunks meet, nothing folded down, and no more delay than stated."""

from typing import TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audio import Samples
from audio.levels import peak_dbfs, rms_dbfs
from audio.resample import Resampler
from tests.support.chunks import cut, cut_points
from tests.support.signals import tone

pytestmark = pytest.mark.pure

Number = TypeVar("Number", bound=np.number)

RATES = [(48000, 16000), (44100, 16000), (8000, 16000), (16000, 8000), (22050, 24000)]


def resample(samples: Samples, from_rate: int, to_rate: int) -> Samples:
    resampler = Resampler(from_rate, to_rate)
    return np.concatenate((resampler.feed(samples), resampler.flush()))


def middle(signal: NDArray[Number]) -> NDArray[Number]:
    return signal[len(signal) // 4 : -len(signal) // 4]


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1), length=st.integers(0, 3000), points=cut_points(3000))
def test_where_samples_are_cut_does_not_matter(
    from_rate: int, to_rate: int, seed: int, length: int, points: list[int]
) -> None:
    noise = np.random.default_rng(seed).integers(-32768, 32768, length).astype(np.int16)
    resampler = Resampler(from_rate, to_rate)
    pieces = [resampler.feed(piece) for piece in cut(noise, points)]
    pieces.append(resampler.flush())
    assert np.array_equal(np.concatenate(pieces), resample(noise, from_rate, to_rate))


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
def test_all_of_the_signal_comes_out_by_the_flush(from_rate: int, to_rate: int) -> None:
    second = tone(440, 1000, rate=from_rate)
    assert abs(len(resample(second, from_rate, to_rate)) - to_rate) <= 1


@pytest.mark.parametrize(("from_rate", "to_rate"), RATES)
@pytest.mark.parametrize("hertz", [200, 1000, 3000])
def test_a_voice_band_tone_stays_pure_and_in_place(
    from_rate: int, to_rate: int, hertz: int
) -> None:
    resampled = resample(tone(hertz, 1000, rate=from_rate, dbfs=-6), from_rate, to_rate)
    carrier = middle(np.exp(2j * np.pi * hertz / to_rate * np.arange(len(resampled))))
    amplitude = 2 * np.mean(middle(resampled) * carrier.conj())
    rest = middle(resampled) - (amplitude * carrier).real
    assert abs(amplitude) == pytest.approx(32767 * 10 ** (-6 / 20), rel=0.001)
    assert np.abs(rest).max() <= 2
    shift_ms = np.angle(amplitude * 1j) / (2 * np.pi * hertz) * 1000
    assert abs(shift_ms) < 0.25


def test_what_16_khz_cannot_carry_vanishes() -> None:
    assert rms_dbfs(middle(resample(tone(10_000, 1000, rate=48000), 48000, 16000))) < -80


def test_upsampling_adds_no_mirror_image() -> None:
    resampled = middle(resample(tone(3000, 1000, rate=8000), 8000, 16000))
    spectrum = np.abs(np.fft.rfft(resampled * np.hanning(len(resampled))))
    hertz = np.linspace(0, 8000, len(spectrum))
    assert spectrum[hertz > 4000].max() < spectrum.max() / 10_000


def test_full_scale_clips_instead_of_wrapping() -> None:
    square = np.where(np.arange(4800) // 24 % 2, 32767, -32768).astype(np.int16)
    resampled = middle(resample(square, 48000, 24000)).astype(np.int32)
    assert resampled.max() == 32767
    assert resampled.min() == -32768
    # A wrapped overshoot would be a jump between neighbours inside a half-wave.
    assert (np.abs(np.diff(resampled)) > 40_000).mean() < 0.1


def test_silence_stays_digital_silence() -> None:
    assert peak_dbfs(resample(np.zeros(4800, dtype=np.int16), 48000, 16000)) == -96


@pytest.mark.parametrize(
    ("from_rate", "to_rate", "delay_ms"),
    [
        (48000, 16000, 12.5),
        (44100, 16000, 13.7),
        (24000, 16000, 10),
        (8000, 16000, 30),
        (16000, 8000, 15),
        (24000, 8000, 25),
        (16000, 48000, 15),
        (22050, 24000, 11),
        (22050, 48000, 11),
    ],
)
def test_the_delay_is_what_the_docstring_says(
    from_rate: int, to_rate: int, delay_ms: float
) -> None:
    resampler = Resampler(from_rate, to_rate)
    chunk = np.zeros(from_rate // 100, dtype=np.int16)
    fed = ready = 0
    for _ in range(50):
        fed += len(chunk)
        ready += len(resampler.feed(chunk))
        assert round((fed / from_rate - ready / to_rate) * 1000, 3) <= delay_ms


def test_output_is_aligned_with_input() -> None:
    click = np.zeros(48000, dtype=np.int16)
    click[24000:24003] = 20_000
    assert np.argmax(np.abs(resample(click, 48000, 16000))) == pytest.approx(8000, abs=4)


def test_equal_rates_pass_through() -> None:
    samples = tone(440, 10)
    resampler = Resampler(16000, 16000)
    assert resampler.feed(samples) is samples
    assert len(resampler.flush()) == 0


def test_after_a_flush_a_new_signal_begins() -> None:
    resampler = Resampler(48000, 16000)
    first = tone(440, 100, rate=48000)
    resampler.feed(tone(3000, 50, rate=48000, dbfs=0))
    resampler.flush()
    again = np.concatenate((resampler.feed(first), resampler.flush()))
    assert np.array_equal(again, resample(first, 48000, 16000))
