"""How a window is made harder: other rooms, other microphones, other noise, all on mel power.

Power adds, so noise is an addition, gain a factor, a microphone a factor for each band, and an
echo a decaying sum over the frames before. That is exact enough, and a hundred times cheaper than
doing it on samples. Ranges: levels in dB, times in seconds.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from . import features
from .pool import Pool
from .windows import Window

Power = NDArray[np.float32]
SAMPLE_RATE = features.EXTRACTOR.sampling_rate
NOISE_SECONDS = 20
NOISES_PER_KIND = 3
FRAMES_PER_SECOND = 1000 // features.FRAME_MS


def features_of(window: Window, noises: Sequence[Power], rng: np.random.Generator) -> Power:
    """Whisper features of the window after random changes, shape (frames, 80)."""
    power = speech(window, noises, rng) if window.is_speech else noise(window, noises, rng)
    gain_db = rng.uniform(-30, 7)
    scaled = features.normalised(power * from_db(gain_db))
    return masked(scaled, rng) if rng.random() < 0.25 else scaled


def speech(window: Window, noises: Sequence[Power], rng: np.random.Generator) -> Power:
    """Speech in another voice, room and surrounding."""
    power = window.power
    if rng.random() < 0.4:
        power = warped(power, 1 + rng.uniform(-0.1, 0.1))
    if rng.random() < 0.7:
        power = power * equaliser(rng)
    if rng.random() < 0.15:
        power = echoing(power, rng.uniform(0.1, 0.6), rng.uniform(0.02, 0.4))
    if rng.random() < 0.75:
        loudness = np.quantile(power.sum(1), 0.8)
        level = max(loudness, 1e-3) * from_db(-rng.uniform(3, 45))
        power = power + level * pick(noises, len(power), rng)
    if rng.random() < 0.08:
        power = band_limited(power, int(rng.integers(52, 70)), rng.uniform(20, 50))
    return power.astype(np.float32)


def noise(window: Window, noises: Sequence[Power], rng: np.random.Generator) -> Power:
    """Noise at any level, or digital silence."""
    if rng.random() < 0.12:
        return window.power
    return pick(noises, len(window.power), rng) * from_db(rng.uniform(-70, 10))


def from_db(level: float) -> np.float32:
    """The factor on power that a level in dB means."""
    return np.float32(10 ** (level / 10))


def warped(power: Power, factor: float) -> Power:
    """The spectrum stretched along the mel axis, as a longer or shorter throat would."""
    source = np.clip(np.arange(features.MELS) * factor, 0, features.MELS - 1.001)
    below, weight = source.astype(int), (source % 1).astype(np.float32)
    return power[:, below] * (1 - weight) + power[:, below + 1] * weight


def equaliser(rng: np.random.Generator) -> Power:
    """A smooth random response of about 3.5 dB, one factor for each band."""
    knots = rng.normal(0, 3.5, 6)
    response_db = np.interp(np.linspace(0, 5, features.MELS), range(6), knots)
    return (10 ** (response_db / 10)).astype(np.float32)


def echoing(power: Power, decay_seconds: float, share: float) -> Power:
    """The power of a room added: each frame rings on, 60 dB down after `decay_seconds`."""
    keep = 10 ** (-6 / (decay_seconds * FRAMES_PER_SECOND))
    return power + share * (1 - keep) * lfilter([0, 1], [1, -keep], power, axis=0)


def band_limited(power: Power, bands: int, drop_db: float) -> Power:
    """What a telephone leaves: everything above some band is far quieter."""
    limited = power.copy()
    limited[:, bands:] *= from_db(-drop_db)
    return limited


def masked(scaled: Power, rng: np.random.Generator) -> Power:
    """Features with a few bands missing (SpecAugment, Park et al. 2019)."""
    first, bands = int(rng.integers(0, 72)), int(rng.integers(2, 10))
    scaled[:, first : first + bands] = scaled.min()
    return scaled


def pick(noises: Sequence[Power], frames: int, rng: np.random.Generator) -> Power:
    """A random stretch of a random noise, its mean power over all bands one."""
    chosen = noises[int(rng.integers(len(noises)))]
    first = int(rng.integers(0, len(chosen) - frames))
    stretch = chosen[first : first + frames]
    return stretch / max(stretch.sum(1).mean(), 1e-9)


def make_noises(pool: Pool, seed: int) -> list[Power]:
    """Twenty seconds each of hiss, rumble, hum, knocks, tones, swells and babble."""
    rng = np.random.default_rng(seed)
    kinds = (hiss, rumble, sharp_hiss, hum, knocks, tones, swells)
    samples = [kind(rng) for kind in kinds for _ in range(NOISES_PER_KIND)]
    powers = [features.mel_power(one.astype(np.float32)).T for one in samples]
    return powers + [babble(pool, rng) for _ in range(NOISES_PER_KIND)]


def hiss(rng: np.random.Generator) -> NDArray[np.float64]:
    """White noise."""
    return rng.standard_normal(NOISE_SECONDS * SAMPLE_RATE)


def rumble(rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that is stronger the lower: traffic, wind."""
    return lfilter([1], [1, -rng.uniform(0.8, 0.98)], hiss(rng))


def sharp_hiss(rng: np.random.Generator) -> NDArray[np.float64]:
    """Noise that is stronger the higher."""
    return lfilter([1, -rng.uniform(0.5, 0.9)], [1], hiss(rng))


def hum(rng: np.random.Generator) -> NDArray[np.float64]:
    """Mains hum with its harmonics, and a little hiss."""
    seconds = np.arange(NOISE_SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    mains_hz = rng.choice([50, 60])
    orders = (1, 2, 3, 5, 7)
    return 0.05 * hiss(rng) + sum(
        np.sin(2 * np.pi * mains_hz * n * seconds + rng.uniform(0, 6)) / n for n in orders
    )


def knocks(rng: np.random.Generator) -> NDArray[np.float64]:
    """Keys, taps and knocks."""
    sound = 0.01 * hiss(rng)
    for _ in range(NOISE_SECONDS * 3):
        samples = int(rng.integers(40, 1500))
        first = int(rng.integers(0, len(sound) - samples))
        decay = np.exp(-4 * np.arange(samples) / samples)
        sound[first : first + samples] += rng.standard_normal(samples) * decay * rng.uniform(0.3, 3)
    return sound


def tones(rng: np.random.Generator) -> NDArray[np.float64]:
    """Beeps and chords."""
    sound = 0.01 * hiss(rng)
    for _ in range(NOISE_SECONDS * 4):
        samples = int(rng.integers(2000, 14000))
        first = int(rng.integers(0, len(sound) - samples))
        seconds = np.arange(samples) / SAMPLE_RATE
        decay = np.exp(-seconds / rng.uniform(0.1, 0.6))
        sound[first : first + samples] += (
            np.sin(2 * np.pi * rng.uniform(120, 3000) * seconds) * decay
        )
    return sound


def swells(rng: np.random.Generator) -> NDArray[np.float64]:
    """Rumble that comes and goes."""
    seconds = np.arange(NOISE_SECONDS * SAMPLE_RATE) / SAMPLE_RATE
    return rumble(rng) * (1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.1, 2) * seconds))


def babble(pool: Pool, rng: np.random.Generator) -> Power:
    """Many people at once: twelve strings of sentences on top of each other."""
    frames = NOISE_SECONDS * FRAMES_PER_SECOND
    total = np.full((frames, features.MELS), features.POWER_MIN, np.float32)
    for _ in range(12):
        first = 0
        while first < frames:
            power = pool.power(pool.pick(rng, 50, 400))[: frames - first]
            total[first : first + len(power)] += power
            first += len(power)
    return total
