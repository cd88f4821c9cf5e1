"""The recorded clips in `tests/clips`, with what is true about them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from audio import FRAME_SAMPLES, SAMPLE_RATE, Samples

CLIP_NAMES = ("question", "no", "pause", "stop")

_FOLDER = Path(__file__).parent.parent / "clips"


@dataclass(frozen=True, slots=True)
class SpeechSpan:
    """Where the speech of a clip is, in milliseconds from the clip's beginning."""

    start_ms: int
    end_ms: int


def load_clip(name: str) -> Samples:
    """Return the clip's samples: 16 kHz, mono, digital silence around the speech."""
    samples, rate = soundfile.read(_FOLDER / f"{name}.flac", dtype="int16")
    assert rate == SAMPLE_RATE
    return np.asarray(samples, dtype=np.int16)


def speech_span(name: str) -> SpeechSpan:
    """Return where the clip's speech starts and ends."""
    truth = tomllib.loads((_FOLDER / "truth.toml").read_text())[name]
    return SpeechSpan(truth["speech_start_ms"], truth["speech_end_ms"])


def frames_of(samples: Samples) -> list[Samples]:
    """Cut into whole frames of 10 ms; a remainder is dropped."""
    return list(samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES))
