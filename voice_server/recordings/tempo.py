"""Speech faster or slower at the same pitch, for speeds that the voice itself cannot do.

FFmpeg's `atempo` filter (WSOLA), through PyAV.
"""

from typing import Any

import av
import numpy as np
from av.filter import Graph

from audio import Samples

FACTOR_MIN, FACTOR_MAX = 0.5, 2.0
"""Beyond these it sounds like neither the voice nor anybody else."""


class Tempo:
    """One signal, `factor` times as fast. Costs CPU: call it in a thread."""

    def __init__(self, factor: float, rate: int) -> None:
        if not FACTOR_MIN <= factor <= FACTOR_MAX:
            raise ValueError(f"factor is {factor}; use {FACTOR_MIN} to {FACTOR_MAX}")
        self._rate = rate
        self._graph: Any = None if factor == 1 else _graph(factor, rate)
        self._position = 0

    def feed(self, samples: Samples) -> Samples:
        """What is ready, possibly nothing. Shape (n,)."""
        if self._graph is None or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.rate, frame.pts = self._rate, self._position
        self._position += len(samples)
        self._graph.push(frame)
        return self._pulled()

    def finish(self) -> Samples:
        """The tail."""
        if self._graph is None or not self._position:
            return np.zeros(0, np.int16)
        self._graph.push(None)
        return self._pulled()

    def _pulled(self) -> Samples:
        pieces = [np.zeros(0, np.int16)]
        while True:
            try:
                pieces.append(self._graph.pull().to_ndarray()[0])
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(pieces)


def _graph(factor: float, rate: int) -> Any:
    graph: Any = Graph()
    source = graph.add_abuffer(sample_rate=rate, format="s16", layout="mono")
    tempo = graph.add("atempo", f"{factor:.6f}")
    form = graph.add("aformat", "sample_fmts=s16:channel_layouts=mono")
    sink = graph.add("abuffersink")
    for first, second in ((source, tempo), (tempo, form), (form, sink)):
        first.link_to(second)
    graph.configure()
    return graph
