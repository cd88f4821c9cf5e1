"""Silero VAD v6: how probable it is that 32 ms of audio hold speech.

The network is the ONNX file that the faster-whisper package carries, so there is nothing to
download. It reads windows of 512 samples, each preceded by the last 64 samples of the one before,
and hands an LSTM state from window to window. One session of onnxruntime serves every
conversation; each conversation keeps its own state in a `SileroStream`.

Source: https://github.com/snakers4/silero-vad (MIT).
"""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from audio import Samples

WINDOW_SAMPLES = 512
"""Samples, at 16 kHz, per probability: 32 ms."""

_CONTEXT_SAMPLES = 64
_STATE_SHAPE = (1, 1, 128)

Floats = NDArray[np.float32]


class SileroModel:
    """The loaded network: stateless, safe to share among conversations and threads."""

    def __init__(self, path: Path | None = None) -> None:
        """Load the network from `path`, by default the one in faster-whisper.

        Raises `FileNotFoundError` with the path that was tried.
        """
        path = path or _packaged_model()
        if not path.is_file():
            raise FileNotFoundError(f"There is no Silero VAD model at {path}.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )

    def run(self, windows: Floats, hidden: Floats, cell: Floats) -> tuple[Floats, Floats, Floats]:
        """Return probabilities (n,) and the two new states for consecutive windows (n, 64 + 512).

        Values are -1 to 1; states are (1, 1, 128). About 115 µs, and 50 µs for each further window.
        """
        probabilities, hidden, cell = self._session.run(
            None, {"input": windows, "h": hidden, "c": cell}
        )
        return probabilities, hidden, cell


class SileroStream:
    """One conversation's place in the network: its state and the audio of the unfinished window."""

    def __init__(self, model: SileroModel) -> None:
        self._model = model
        self.reset()

    def reset(self) -> None:
        """Forget everything: what comes next has no connection to what came before."""
        self._hidden: Floats = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._cell: Floats = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._audio: Floats = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)

    def feed(self, samples: Samples) -> float | None:
        """Append 16 kHz audio of any length; return the newest probability, 0 to 1.

        None when no window of 512 samples became full.
        """
        self._audio = np.concatenate((self._audio, samples * np.float32(1 / 32768)))
        count = (len(self._audio) - _CONTEXT_SAMPLES) // WINDOW_SAMPLES
        if not count:
            return None
        probabilities, self._hidden, self._cell = self._model.run(
            self._windows(count), self._hidden, self._cell
        )
        self._audio = self._audio[count * WINDOW_SAMPLES :]
        return float(probabilities[-1])

    def _windows(self, count: int) -> Floats:
        length = _CONTEXT_SAMPLES + WINDOW_SAMPLES
        starts = range(0, count * WINDOW_SAMPLES, WINDOW_SAMPLES)
        return np.stack([self._audio[start : start + length] for start in starts])


def _packaged_model() -> Path:
    # Finding the package does not import it: that would load CTranslate2 and PyAV.
    spec = find_spec("faster_whisper")
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            "The Silero VAD model comes with faster-whisper, which is not installed."
        )
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"
