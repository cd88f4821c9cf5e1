"""What is measured of a model: the same work in two ways, in turns."""

from pathlib import Path

import numpy as np
import pytest
from faster_whisper import WhisperModel

from audio import SAMPLE_RATE
from models.asr.whisper_worker import WorkerOrder, load
from voice_server.bench.asr.chain_whisper import Shape, save_chain_whisper
from voice_server.bench.asr.costs import UTTERANCE_S, Bench, costs, joined
from voice_server.bench.asr.speech import SENTENCES, spoken

pytestmark = pytest.mark.engine


def test_every_cost_has_both_sides(tmp_path: Path) -> None:
    folder = str(save_chain_whisper(tmp_path, Shape(64, 2, 1)))
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=1)
    speech = joined([spoken(text).samples for text in SENTENCES[:8]])
    assert len(speech) >= UTTERANCE_S * SAMPLE_RATE
    bench = Bench(load(WorkerOrder(folder, "margin", 2560)), model)
    found = list(costs(bench, speech, rounds=1))
    assert len(found) == len({cost.what for cost in found}) == 11
    assert all(cost.ours_ms and cost.other_ms for cost in found)
    assert all(min(cost.other_ms) > 0 for cost in found)


def test_speeches_are_joined_with_pauses() -> None:
    whole = joined([np.ones(10, np.int16), np.ones(5, np.int16)], pause_s=0.001)
    assert whole.tolist() == [1] * 10 + [0] * 16 + [1] * 5 + [0] * 16
