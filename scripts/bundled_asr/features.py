"""Log-mel features as faster-whisper computes them, in two halves.

Mixing (gain, noise, echo) happens between the halves, on mel power; the second half is the
logarithm and Whisper's normalisation. Both together equal `FeatureExtractor.__call__` exactly,
which `check` proves on one clip before each run.
"""

import numpy as np
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

MELS = 80
FRAME_MS = 10
WINDOW_SECONDS = 10
FRAMES_MAX = WINDOW_SECONDS * 1000 // FRAME_MS
POWER_MIN = 1e-10
EXTRACTOR = FeatureExtractor(feature_size=MELS, chunk_length=WINDOW_SECONDS)
HANN = np.hanning(EXTRACTOR.n_fft + 1)[:-1].astype(np.float32)


def mel_power(audio: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mel power, shape (80, frames), of float32 audio at 16 kHz."""
    padded = np.pad(audio, (0, EXTRACTOR.hop_length))
    spectrum = EXTRACTOR.stft(
        padded, EXTRACTOR.n_fft, EXTRACTOR.hop_length, window=HANN, return_complex=True
    )
    magnitudes = np.abs(spectrum.astype(np.complex64)[..., :-1]) ** 2
    return EXTRACTOR.mel_filters @ magnitudes


def normalised(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Whisper's features of mel power: decibels, clipped 80 dB below the loudest, scaled."""
    log = np.log10(np.clip(power, POWER_MIN, None))
    return (np.maximum(log, log.max() - 8.0) + 4.0) / 4.0


def check(audio: NDArray[np.float32]) -> None:
    """Raise RuntimeError unless the two halves give faster-whisper's features bit for bit."""
    if not np.array_equal(normalised(mel_power(audio)), EXTRACTOR(audio)):
        raise RuntimeError(
            "faster-whisper computes its features in another way than features.py; "
            "install the version in requirements.txt or follow the change"
        )
