"""Made-up sounds, the same in every run: tones, noises, clicks, and how to mix them."""

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples

Signal = NDArray[np.float64]
"""Full scale is 1."""


def to_samples(signal: Signal) -> Samples:
    """Round to int16, clipping at full scale."""
    return np.clip(np.rint(signal * 32767), -32768, 32767).astype(np.int16)


def tone(hertz: float, duration_ms: int, *, rate: int = SAMPLE_RATE, dbfs: float = -6) -> Samples:
    """Return a sine wave whose peak is at `dbfs`."""
    time = np.arange(rate * duration_ms // 1000) / rate
    return to_samples(_gain(dbfs) * np.sin(2 * np.pi * hertz * time))


def white_noise(duration_ms: int, dbfs: float, *, seed: int = 1) -> Samples:
    """Return noise with as much in every hertz; `dbfs` is its root mean square."""
    return to_samples(_gain(dbfs) * _gaussian(duration_ms, seed))


def pink_noise(duration_ms: int, dbfs: float, *, seed: int = 1) -> Samples:
    """Return noise with as much in every octave, like a room; `dbfs` is its root mean square."""
    spectrum = np.fft.rfft(_gaussian(duration_ms, seed))
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    signal = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 20)))
    return to_samples(_gain(dbfs) * signal / signal.std())


def mains_hum(duration_ms: int) -> Samples:
    """Return 50 Hz and six harmonics over a faint hiss."""
    time = np.arange(SAMPLE_RATE * duration_ms // 1000) / SAMPLE_RATE
    hum = sum(0.1 / k * np.sin(2 * np.pi * 50 * k * time) for k in range(1, 8))
    return to_samples(hum + _gain(-54) * _gaussian(duration_ms, 1))


def clicks(duration_ms: int, every_ms: int) -> Samples:
    """Return half-millisecond clicks at half scale over a faint hiss."""
    signal = _gain(-60) * _gaussian(duration_ms, 1)
    step = SAMPLE_RATE * every_ms // 1000
    for start in range(step, len(signal) - 8, step):
        signal[start : start + 8] += 0.5
    return to_samples(signal)


def cough(dbfs: float, *, seed: int = 1) -> Samples:
    """Return a second with a cough in it: an explosive burst, then a breathy tail.

    Noise through two broad resonances, 700 and 2200 Hz, as a throat has them.
    """
    spectrum = np.fft.rfft(_gaussian(350, seed))
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    throat = 1 / (1 + ((hertz - 700) / 400) ** 2) + 0.5 / (1 + ((hertz - 2200) / 800) ** 2)
    burst = np.fft.irfft(spectrum * throat)
    decay = np.concatenate((np.exp(-np.arange(1600) / 500), 0.35 * np.exp(-np.arange(4000) / 1500)))
    signal = _gain(-60) * _gaussian(1000, seed + 1)
    signal[4000 : 4000 + len(burst)] += _gain(dbfs) * decay * burst / burst.std()
    return to_samples(signal)


def mix(*parts: Samples) -> Samples:
    """Add sounds of any lengths, clipping at full scale."""
    total = np.zeros(max(map(len, parts)), dtype=np.int32)
    for part in parts:
        total[: len(part)] += part
    return np.clip(total, -32768, 32767).astype(np.int16)


def scaled(samples: Samples, decibels: float) -> Samples:
    """Make louder (above 0) or quieter."""
    return to_samples(samples * _gain(decibels) / 32767)


def _gaussian(duration_ms: int, seed: int) -> Signal:
    return np.random.default_rng(seed).standard_normal(SAMPLE_RATE * duration_ms // 1000)


def _gain(decibels: float) -> float:
    return float(10 ** (decibels / 20))
