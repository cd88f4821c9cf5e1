"""End-of-turn models: how probable it is, by the sound of it, that a speaker has finished.

Any ONNX file with the interface of smart-turn v3 can be plugged in by its path: one input
`input_features`, shape (1, 80, 800): Whisper's log-mel of the last 8 s of 16 kHz speech, zeros
before shorter speech; one output: the probability of being complete.

Source: https://github.com/pipecat-ai/smart-turn (BSD 2-clause), README, "Run the model".
"""

import asyncio
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from audio import SAMPLE_RATE, Samples
from models.errors import ModelError

WINDOW_S = 8
"""Seconds of speech that a model hears."""

_INPUT = "input_features"
_SHAPE = (1, 80, 800)


class TurnModel(Protocol):
    """Something that hears whether a turn has ended."""

    async def completeness(self, speech: Samples) -> float:
        """0 (will go on) to 1 (has finished), for 16 kHz speech up to now, shape (n,)."""
        ...


class OnnxTurnModel:
    """One loaded model, shared by all conversations."""

    def __init__(self, path: Path) -> None:
        """Raises `ModelError` when the file is not such a model."""
        if not path.is_file():
            raise ModelError(f"There is no end-of-turn model at {path}: check models.turn_model.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime has a class of its own per kind of damage
            raise ModelError(f"{path} is not a readable ONNX model: fetch it again.") from error
        self._check_interface(path)
        self._features = FeatureExtractor(feature_size=80, chunk_length=WINDOW_S)

    async def completeness(self, speech: Samples) -> float:
        """See `TurnModel`. Runs in a thread, some 10 to 50 ms."""
        return await asyncio.to_thread(self._run, speech)

    def _run(self, speech: Samples) -> float:
        features = self._features(_window(speech), padding=0)[None].astype(np.float32)
        (output, *_) = self._session.run(None, {_INPUT: features})
        return float(np.clip(np.asarray(output).reshape(-1)[0], 0.0, 1.0))

    def _check_interface(self, path: Path) -> None:
        inputs = {one.name: one.shape for one in self._session.get_inputs()}
        fits = set(inputs) == {_INPUT} and tuple(inputs[_INPUT][1:]) == _SHAPE[1:]
        if not fits:
            raise ModelError(
                f"{path} is no end-of-turn model that fits: it takes {inputs}, but should take "
                f"{_INPUT} of shape {_SHAPE}, as smart-turn v3 does."
            )


def _window(speech: Samples) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """The last 8 s, zeros first if there are fewer, at zero mean and unit variance."""
    window = np.zeros(WINDOW_S * SAMPLE_RATE, dtype=np.float32)
    newest = speech[-len(window) :]
    if len(newest):
        window[-len(newest) :] = newest / np.float32(32768)
    normal: np.ndarray[tuple[int], np.dtype[np.float32]] = (window - window.mean()) / np.sqrt(
        window.var() + 1e-7
    )
    return normal
