"""The encoder half of Whisper: windows of audio in, encoder output out, one row for each task.

All rows of a batch have one length, because the decoder attends to every position: a shorter
window is padded with silence before it is encoded, never after. On a CPU a batch of windows takes
longer than one after the other (its activations leave the cache), so they are encoded singly and
joined; on a GPU all go at once. Encoder output may be regrouped by rows: none depends on another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ctranslate2 import StorageView

from models.asr.decoding import Task
from models.asr.log_mel import SILENT, Frames, LogMelCache, normalised


@dataclass(frozen=True, slots=True)
class Encoded:
    """Encoder output, one row for each task."""

    view: Any
    """CTranslate2's `StorageView`, shape (rows, frames / 2, width)."""
    size: int

    def rows(self, chosen: Sequence[int]) -> "Encoded":
        """Return some of the rows; all of them are returned as they are.

        Others have to be in main memory.
        """
        if len(chosen) == self.size:
            return self
        return Encoded(StorageView.from_array(np.asarray(self.view)[list(chosen)]), len(chosen))


class Encoder:
    """Encodes with one loaded model; `mel` remembers what was computed of each utterance."""

    def __init__(self, model: Any, mel: LogMelCache) -> None:
        self._model = model
        self._mel = mel

    def encode(self, tasks: Sequence[Task], frames: int, *, neutral_padding: bool) -> Encoded:
        """Encode each task's audio in a window of that many frames.

        Padding is silence, as in Whisper's training, or neutral features for models that were
        trained with those.
        """
        windows = [self._window(task, frames, neutral_padding) for task in tasks]
        if self._model.device == "cpu" and len(tasks) > 1:
            views = [self._model.encode(StorageView.from_array(w[np.newaxis])) for w in windows]
            joined = np.concatenate([np.asarray(view) for view in views])
            return Encoded(StorageView.from_array(joined), len(tasks))
        # Rows of tasks whose language is not known yet may part ways: in main memory they can.
        parting = len(tasks) > 1 and any(task.options.language is None for task in tasks)
        batch = StorageView.from_array(np.stack(windows))
        return Encoded(self._model.encode(batch, to_cpu=parting), len(tasks))

    def _window(self, task: Task, frames: int, neutral_padding: bool) -> Frames:
        start = task.start_ms * 16
        found = self._mel.frames(task.stamp.utterance, task.samples, start)[:, :frames]
        lacking = ((0, 0), (0, frames - found.shape[1]))
        if neutral_padding:
            return np.pad(normalised(found), lacking)
        return normalised(np.pad(found, lacking, constant_values=SILENT))
