"""Everything that is no speech: noises, coughs, clicks, music, telephones. All from a generator."""

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE

Signal = NDArray[np.float64]
"""Full scale is 1; 16 kHz, shape (n,)."""


def gain(decibels: float) -> float:
    """The factor on amplitude."""
    return float(10 ** (decibels / 20))


def pink(samples: int, rng: np.random.Generator) -> Signal:
    """Noise with as much in every octave, like a room; root mean square 1."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    signal = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 20)), samples)
    return np.asarray(signal / signal.std())


def noise(samples: int, rng: np.random.Generator) -> Signal:
    """A room, a hiss, or a hum with a hiss; root mean square 1."""
    kind = rng.integers(3)
    if kind == 0:
        return pink(samples, rng)
    hiss = rng.standard_normal(samples)
    if kind == 1:
        return hiss
    time = np.arange(samples) / SAMPLE_RATE
    hum = sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 8))
    mixed = hum + 0.3 * hiss
    return np.asarray(mixed / np.std(mixed))


def bang(rng: np.random.Generator) -> Signal:
    """A door: half a second, low, decaying; peak 1."""
    samples = SAMPLE_RATE // 2
    signal = pink(samples, rng) * np.exp(-np.arange(samples) / (0.06 * SAMPLE_RATE))
    return np.asarray(signal / np.abs(signal).max())


def cough(rng: np.random.Generator) -> Signal:
    """An explosive burst and a breathy tail through a throat's two resonances, once or twice."""
    one = _cough(rng)
    if rng.random() < 0.5:
        return one
    gap = np.zeros(int(rng.integers(1, 4)) * SAMPLE_RATE // 10)
    return np.concatenate([one, gap, 0.8 * _cough(rng)])


def _cough(rng: np.random.Generator) -> Signal:
    burst, tail = 1600, int(rng.integers(2400, 4800))
    spectrum = np.fft.rfft(rng.standard_normal(burst + tail))
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    low, high = rng.uniform(500, 900), rng.uniform(1800, 2600)
    throat = 1 / (1 + ((hertz - low) / 400) ** 2) + 0.5 / (1 + ((hertz - high) / 800) ** 2)
    sound = np.fft.irfft(spectrum * throat, burst + tail)
    decay = np.concatenate(
        [np.exp(-np.arange(burst) / 500), 0.35 * np.exp(-np.arange(tail) / 1500)]
    )
    return np.asarray(sound * decay / np.abs(sound * decay).max())


def clicks(rng: np.random.Generator) -> Signal:
    """A mouse or a pen: one to four clicks; peak 1."""
    signal = np.zeros(SAMPLE_RATE)
    for _ in range(int(rng.integers(1, 5))):
        at, length = int(rng.integers(0, SAMPLE_RATE - 200)), int(rng.integers(16, 160))
        signal[at : at + length] += rng.standard_normal(length) * np.exp(
            -4 * np.arange(length) / length
        )
    first = np.flatnonzero(signal)[0]
    return np.asarray(signal[first:] / np.abs(signal).max())


def music(samples: int, rng: np.random.Generator) -> Signal:
    """Chords of plucked tones with harmonics over a beat; root mean square 1."""
    signal = np.zeros(samples)
    beat = int(SAMPLE_RATE * rng.uniform(0.25, 0.5))
    root = rng.uniform(110, 220)
    for start in range(0, samples, beat):
        length = min(2 * beat, samples - start)
        time = np.arange(length) / SAMPLE_RATE
        for step in rng.choice([0, 2, 4, 5, 7, 9, 12], size=3, replace=False):
            hertz = root * 2 ** (step / 12)
            tone = sum(np.sin(2 * np.pi * hertz * k * time) / k**1.5 for k in range(1, 6))
            signal[start : start + length] += tone * np.exp(-3 * time)
    return np.asarray(signal / signal.std())


def telephone_band(signal: Signal) -> Signal:
    """300 to 3400 Hz, as G.712 lets through."""
    spectrum = np.fft.rfft(signal)
    hertz = np.linspace(0, SAMPLE_RATE / 2, len(spectrum))
    spectrum[(hertz < 300) | (hertz > 3400)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(signal)))
