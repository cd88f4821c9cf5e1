"""Words that are wrong, and words that nobody said: asked of the model itself."""

from collections.abc import Sequence

import numpy as np

from audio import SAMPLE_RATE
from models.asr.whisper_decoder import WhisperDecoder
from voice_server.bench.asr.costs import Bench, task
from voice_server.bench.asr.not_speech import NOT_SPEECH
from voice_server.bench.asr.speech import Spoken
from voice_server.bench.word_error import word_error

SILENCE_MS = 500
WINDOW_S = 4
SEED = 7


def offline_errors(bench: Bench, speeches: Sequence[Spoken]) -> list[float]:
    """Word errors per word of each sentence, by `transcribe` with its defaults."""
    quiet = np.zeros(SILENCE_MS * SAMPLE_RATE // 1000, np.int16)
    return [
        word_error(one.text, bench.padded(np.concatenate((quiet, one.samples, quiet))))
        for one in speeches
    ]


def invented_words(decoder: WhisperDecoder, minutes: float) -> dict[str, int]:
    """Words found in each of the sounds that nobody speaks, so many minutes of them in all.

    The model hears all of it: in a conversation a voice detector stands before it as well.
    """
    seconds = max(WINDOW_S, int(60 * minutes / len(NOT_SPEECH)))
    found: dict[str, int] = {}
    for name, sound in NOT_SPEECH.items():
        samples, step = sound(seconds, seed=SEED), WINDOW_S * SAMPLE_RATE
        pieces = (samples[start : start + step] for start in range(0, len(samples), step))
        found[name] = sum(len(decoder.decode(task(piece)).words) for piece in pieces)
    return found
