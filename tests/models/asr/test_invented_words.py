"""No words from what is no speech, and every word of what is: the guards around a real model."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions
from models.asr.decoding import Task
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_worker import WorkerOrder, load
from tests.support.speech import say
from voice_server.bench.asr.not_speech import NOT_SPEECH

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"
SECONDS = 24
WINDOWS_S = (1.5, 4.0)

Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@pytest.fixture(scope="module")
def decoder() -> WhisperDecoder:
    return load(WorkerOrder(str(BUNDLED), "short", 0))


def heard(decoder: WhisperDecoder, samples: Samples) -> str:
    words = decoder.decode(Task(samples, 0, RecognitionOptions())).words
    return " ".join(word.text for word in words)


@pytest.mark.parametrize("kind", NOT_SPEECH)
def test_what_is_no_speech_has_no_words(decoder: WhisperDecoder, kind: str) -> None:
    sound = NOT_SPEECH[kind](SECONDS, seed=1)
    for window_s in WINDOWS_S:
        size = int(window_s * SAMPLE_RATE)
        for start in range(0, len(sound) - size + 1, size):
            assert heard(decoder, sound[start : start + size]) == ""


@pytest.mark.parametrize("text", ["Thank you.", "Yes.", "No.", "Hello."])
def test_a_short_word_is_kept(decoder: WhisperDecoder, text: str) -> None:
    assert heard(decoder, say(text)) == text


def telephone(speech: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(soxr.resample(soxr.resample(speech, 16_000, 8_000), 8_000, 16_000))


DAMAGE: dict[str, Change] = {
    "clipped": lambda speech: np.clip(speech * 6, -32_768, 32_767),
    "offset": lambda speech: speech / 2 + 8_000,
    "faint": lambda speech: speech / 30,
    "8 kHz": telephone,
    "noisy": lambda speech: speech + np.random.default_rng(2).normal(0, 250, len(speech)),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_speech_is_understood(decoder: WhisperDecoder, kind: str) -> None:
    text = "Set an alarm for six o'clock."
    damaged = DAMAGE[kind](say(text).astype(np.float64))
    samples = np.clip(damaged, -32_768, 32_767).astype(np.int16)
    assert heard(decoder, samples) == text
