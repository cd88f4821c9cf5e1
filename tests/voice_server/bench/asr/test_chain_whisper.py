"""A constructed Whisper: faster-whisper loads it, and it says its words whatever it hears."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from voice_server.bench.asr.chain_whisper import Shape, save_chain_whisper

pytestmark = pytest.mark.engine


def test_it_says_the_same_whatever_it_hears(tmp_path: Path) -> None:
    folder = save_chain_whisper(tmp_path / "chain", Shape(64, 2, 1))
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    texts = set()
    for sound in (noise, noise[:8000], np.zeros(16_000, np.float32)):
        segments, _ = model.transcribe(sound, beam_size=1, without_timestamps=True, temperature=0)
        texts.add("".join(segment.text for segment in segments))
    assert len(texts) == 1
    assert len(texts.pop().split()) == 5
