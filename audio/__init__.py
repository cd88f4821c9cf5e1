"""Signal code: formats, resampling, framing, voice detection, levels.

Arrays in, arrays out. No sockets, no tasks, no clocks. Samples are `numpy.int16`, mono, and the
working rate inside the server is 16 kHz in frames of 10 ms. Imports nothing of the project.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""Mono PCM, one value per sample, shape (n,)."""

SAMPLE_RATE = 16_000
"""Hertz: the rate of everything after `resample` and before the recogniser."""

FRAME_MS = 10
"""Milliseconds of microphone audio in one frame: the tick by which turn-taking counts."""

FRAME_SAMPLES = SAMPLE_RATE * FRAME_MS // 1000
"""Samples in one frame."""
