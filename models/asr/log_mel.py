"""Whisper's features, computed once for each stretch of audio however often a window shows it.

The raw log-mel frames of an utterance are kept and extended by what is new; normalising, which
depends on the loudest frame, is done for each window afresh. The arithmetic is OpenAI's (`log_mel_
spectrogram` in whisper/audio.py): a Hann window of 25 ms every 10 ms, power, mel bands, log10. A
frame is settled when all of its samples are known; those at the edge are computed with silence
after them and again the next time.
"""

from collections import OrderedDict
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from audio import Samples

HOP = 160
SILENT = -10.0
"""Raw log-mel of digital silence: log10 of the least power that counts."""

_FFT = 400
_HALF = _FFT // 2
_EDGE_FRAMES = 2
"""Frames that reach beyond the last sample, or before the first."""

Frames = NDArray[np.float32]


class LogMel:
    """The raw frames of one utterance, shape (n_mels, n); feed it windows in any order."""

    def __init__(self, filters: Frames) -> None:
        self._filters = filters
        self._hann = np.hanning(_FFT + 1)[:-1].astype(np.float32)
        self._first = 0
        self._settled: Frames = np.zeros((len(filters), 0), np.float32)
        self._tail_at = 0
        self._tail: Samples = np.zeros(0, np.int16)

    def frames(self, samples: Samples, start: int) -> Frames:
        """Return the frames of a window, shape (n_mels, len(samples) // 160 + 1).

        `start` is the window's first sample in the utterance, a multiple of 160. A window that
        does not go on from the one before is computed from nothing.
        """
        first = start // HOP
        known = self._known_from(first) if self._continues(samples, start) else self._settled[:, :0]
        self._tail_at, self._tail = start + max(0, len(samples) - _FFT), samples[-_FFT:].copy()
        count = len(samples) // HOP + 1
        if known.shape[1] >= count:
            return known[:, :count]
        found = np.concatenate([known, self._computed(samples, known.shape[1], count)], axis=1)
        self._first = first
        self._settled = found[:, : max(0, count - _EDGE_FRAMES)]
        return found

    def _continues(self, samples: Samples, start: int) -> bool:
        """Whether the end of the window before is in this one, at its place."""
        at = self._tail_at - start
        return at >= 0 and np.array_equal(samples[at : at + len(self._tail)], self._tail)

    def _known_from(self, first: int) -> Frames:
        known = self._settled[:, max(0, first - self._first) :]
        # The frames at the window's left edge need samples that only an earlier window had.
        usable = first >= self._first and known.shape[1] > _EDGE_FRAMES
        return known if usable else self._settled[:, :0]

    def _computed(self, samples: Samples, begin: int, end: int) -> Frames:
        signal = samples[max(0, begin * HOP - _HALF) :].astype(np.float32) / 32768
        signal = np.pad(signal, (0, _FFT))
        if not begin:
            signal = np.concatenate([signal[_HALF:0:-1], signal])
        windows = np.lib.stride_tricks.sliding_window_view(signal, _FFT)[::HOP][: end - begin]
        power = np.abs(np.fft.rfft(windows * self._hann).astype(np.complex64)) ** 2
        mel = self._filters @ power.T
        frames: Frames = np.log10(np.maximum(mel, np.float32(1e-10)), dtype=np.float32)
        return frames


class LogMelCache:
    """The frames of the utterances decoded last. Any thread may ask."""

    def __init__(self, filters: Frames, utterances_max: int = 128) -> None:
        self._filters = filters
        self._max = utterances_max
        self._kept: OrderedDict[int, LogMel] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def frames(self, utterance: int, samples: Samples, start: int) -> Frames:
        """See `LogMel.frames`; utterance 0 is nobody's, and remembered by nobody."""
        with self._lock:
            mel = self._kept.pop(utterance, None) or LogMel(self._filters)
        found = mel.frames(samples, start)
        if utterance:
            with self._lock:
                self._kept[utterance] = mel
                while len(self._kept) > self._max:
                    self._kept.popitem(last=False)
        return found


def normalised(frames: Frames) -> Frames:
    """Return what the model is shown: eighty decibels below the loudest, scaled to about ±1."""
    loudest = frames.max(initial=SILENT)
    shown: Frames = (np.maximum(frames, loudest - np.float32(8)) + np.float32(4)) / np.float32(4)
    return shown
