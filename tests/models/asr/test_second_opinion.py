"""Voices are told from everything else."""

import numpy as np
import pytest

from audio import SAMPLE_RATE
from models.asr.second_opinion import SileroJudge
from tests.support.clips import load_clip
from tests.support.speech import say

pytestmark = pytest.mark.engine

JUDGE = SileroJudge()


@pytest.mark.parametrize("clip", ["no", "pause", "question", "stop"])
def test_people_have_voices(clip: str) -> None:
    assert JUDGE.likelihood(load_clip(clip)) > 0.8


def test_so_has_espeak() -> None:
    assert JUDGE.likelihood(say("no")) > 0.8


def test_noise_and_a_siren_have_none() -> None:
    time_s = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    noise = np.random.default_rng(0).normal(0, 2000, len(time_s)).astype(np.int16)
    siren = 4000 * np.sin(2 * np.pi * (300 + 200 * np.sin(2 * np.pi * 0.7 * time_s)) * time_s)
    assert JUDGE.likelihood(noise) < 0.3
    assert JUDGE.likelihood(siren.astype(np.int16)) < 0.35
    assert JUDGE.likelihood(np.zeros(100, np.int16)) == 0
