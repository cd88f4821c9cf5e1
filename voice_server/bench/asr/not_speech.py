"""Sounds that nobody speaks: what a microphone hears for most of the day."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples

Floats = NDArray[np.float64]


class Sound(Protocol):
    """Makes so many seconds of a sound, shape (n,), the same for the same seed."""

    def __call__(self, seconds: int, seed: int) -> Samples:
        """Return it at 16 kHz."""
        ...


def _made(samples: Floats) -> Samples:
    return np.clip(samples, -32_768, 32_767).astype(np.int16)


def _time_s(seconds: int) -> Floats:
    return np.arange(seconds * SAMPLE_RATE) / SAMPLE_RATE


def silence(seconds: int, seed: int) -> Samples:
    """Digital silence."""
    del seed
    return np.zeros(seconds * SAMPLE_RATE, np.int16)


def room(seconds: int, seed: int) -> Samples:
    """The hiss of a quiet microphone."""
    return _made(np.random.default_rng(seed).normal(0, 30, seconds * SAMPLE_RATE))


def fan(seconds: int, seed: int) -> Samples:
    """Loud, steady noise."""
    return _made(np.random.default_rng(seed).normal(0, 3000, seconds * SAMPLE_RATE))


def gusts(seconds: int, seed: int) -> Samples:
    """Wind: noise that swells and fades."""
    random = np.random.default_rng(seed)
    swell = np.repeat(np.abs(random.normal(0, 1, seconds * 10)), SAMPLE_RATE // 10)
    return _made(random.normal(0, 800, seconds * SAMPLE_RATE) * swell)


def machine(seconds: int, seed: int) -> Samples:
    """Noise that comes and goes four times a second, at the pace of syllables."""
    pulse = np.abs(np.sin(2 * np.pi * 2 * _time_s(seconds)))
    return _made(np.random.default_rng(seed).normal(0, 1500, seconds * SAMPLE_RATE) * pulse)


def clicks(seconds: int, seed: int) -> Samples:
    """A keyboard: bursts of some milliseconds."""
    random = np.random.default_rng(seed)
    sound = random.normal(0, 20, seconds * SAMPLE_RATE)
    for start in random.integers(0, len(sound) - 400, seconds * 4):
        sound[start : start + int(random.integers(10, 200))] += random.normal(0, 8000)
    return _made(sound)


def knocks(seconds: int, seed: int) -> Samples:
    """Bangs that die away within a tenth of a second."""
    random = np.random.default_rng(seed)
    sound = random.normal(0, 20, seconds * SAMPLE_RATE)
    fade = np.exp(-np.arange(1600) / 200)
    for start in random.integers(0, len(sound) - 1600, seconds * 3):
        sound[start : start + 1600] += random.normal(0, 6000, 1600) * fade
    return _made(sound)


def hum(seconds: int, seed: int) -> Samples:
    """The mains, at 50 Hz."""
    tone = 3000 * np.sin(2 * np.pi * 50 * _time_s(seconds))
    return _made(tone + np.random.default_rng(seed).normal(0, 30, len(tone)))


def ringing(seconds: int, seed: int) -> Samples:
    """A telephone that rings for a second every five."""
    del seed
    time_s = _time_s(seconds)
    return _made(3000 * np.sin(2 * np.pi * 425 * time_s) * (time_s % 5 < 1))


def siren(seconds: int, seed: int) -> Samples:
    """A tone that rises and falls."""
    del seed
    time_s = _time_s(seconds)
    phase = 300 * time_s - 200 * np.cos(2 * np.pi * 0.7 * time_s) / (2 * np.pi * 0.7)
    return _made(4000 * np.sin(2 * np.pi * phase))


def guitar(seconds: int, seed: int) -> Samples:
    """Music: three plucked strings four times a second."""
    random = np.random.default_rng(seed)
    time_s, sound = _time_s(1)[:8000], np.zeros(seconds * SAMPLE_RATE)
    for start in range(0, len(sound) - 8000, 4000):
        for hz in 220 * 2 ** (random.integers(0, 24, 3) / 12):
            sound[start : start + 8000] += (
                2000 * np.sin(2 * np.pi * hz * time_s) * np.exp(-time_s * 5)
            )
    return _made(sound)


def organ(seconds: int, seed: int) -> Samples:
    """Music: a held chord that swells."""
    del seed
    time_s = _time_s(seconds)
    swell = 0.6 + 0.4 * np.sin(2 * np.pi * 0.5 * time_s)
    return _made(sum(1500 * np.sin(2 * np.pi * hz * time_s) for hz in (220, 277, 330)) * swell)


NOT_SPEECH: dict[str, Sound] = {
    sound.__name__: sound
    for sound in (
        silence,
        room,
        fan,
        gusts,
        machine,
        clicks,
        knocks,
        hum,
        ringing,
        siren,
        guitar,
        organ,
    )
}
