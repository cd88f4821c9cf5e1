"""Encoder output is the same for a task alone and among others, and can be regrouped."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from models.asr import RecognitionOptions
from models.asr.decoding import Stamp, Task
from models.asr.log_mel import LogMelCache
from models.asr.whisper_encoder import Encoder
from tests.support.speech import say

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"
TASKS = [
    Task(say(text), 0, RecognitionOptions(), stamp=Stamp("", number, 1))
    for number, text in enumerate(["The window is open.", "Take me to the station.", "Hello."], 1)
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    model = WhisperModel(str(BUNDLED), device="cpu", compute_type="int8", cpu_threads=1)
    return Encoder(model.model, LogMelCache(model.feature_extractor.mel_filters))


@pytest.mark.parametrize("neutral_padding", [True, False])
def test_a_row_does_not_depend_on_the_others(encoder: Encoder, neutral_padding: bool) -> None:
    together = encoder.encode(TASKS, 320, neutral_padding=neutral_padding)
    assert together.size == 3
    for row, task in enumerate(TASKS):
        alone = encoder.encode([task], 320, neutral_padding=neutral_padding)
        np.testing.assert_allclose(
            np.asarray(together.rows([row]).view), np.asarray(alone.view), atol=1e-5
        )


def test_rows_can_be_chosen_in_any_order(encoder: Encoder) -> None:
    together = encoder.encode(TASKS, 320, neutral_padding=True)
    chosen = together.rows([2, 0])
    np.testing.assert_array_equal(np.asarray(chosen.view), np.asarray(together.view)[[2, 0]])
    assert together.rows([0, 1, 2]) is together
