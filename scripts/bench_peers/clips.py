"""The sentences, and sounds that are none, as wav files that every server is given."""

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from audio import SAMPLE_RATE, Samples
from scripts.bench_peers.heard import Clip
from voice_server.bench.asr.not_speech import NOT_SPEECH
from voice_server.bench.asr.speech import spoken

LEAD_S = 0.5


def speech_clip(text: str, path: Path) -> Clip:
    """espeak-ng says it, after half a second of silence."""
    said = spoken(text)
    silence = np.zeros(int(LEAD_S * SAMPLE_RATE), np.int16)
    words = [(word, LEAD_S + end_s) for word, end_s in said.words]
    save(path, np.concatenate((silence, said.samples)))
    return Clip(text, str(path), LEAD_S, LEAD_S + said.seconds, words)


def noise_clips(folder: Path, seconds: int) -> list[Clip]:
    """One of every sound in which nobody speaks."""
    return [
        Clip("", save(folder / f"noise-{name}.wav", sound(seconds, seed=7)), 0.0, float(seconds))
        for name, sound in NOT_SPEECH.items()
    ]


def speech_clips(folder: Path, sentences: Iterable[str]) -> list[Clip]:
    """One for each sentence."""
    return [
        speech_clip(text, folder / f"speech-{number}.wav") for number, text in enumerate(sentences)
    ]


def save(path: Path, samples: Samples) -> str:
    """Write 16-bit mono at 16 kHz; return the path."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())
    return str(path)


def load(path: str) -> Samples:
    """Read it again, shape (n,)."""
    with wave.open(path, "rb") as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.int16)
