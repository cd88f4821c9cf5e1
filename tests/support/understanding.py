"""An ear of its own for tests: what the bundled recogniser makes of audio that the server spoke."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionOptions
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_crew import WhisperThreads
from models.asr.whisper_loader import load_decoder
from models.asr.whisper_window import WindowPolicy
from models.scheduler import Scheduler

BUNDLED = Path(__file__).parents[2] / "models" / "assets" / "bundled-asr"


@pytest.fixture
async def understand() -> Callable[[Samples, int], Awaitable[str]]:
    """What the bundled recogniser, on its own, makes of audio at any rate."""
    decoder = await asyncio.to_thread(
        load_decoder,
        str(BUNDLED),
        WindowPolicy("short"),
        device="cpu",
        compute_type="auto",
        cpu_threads=1,
        workers=1,
    )
    recognizer = WhisperRecognizer(WhisperThreads(decoder, 1), Scheduler(1), name="bundled")

    async def understood(samples: Samples, rate: int) -> str:
        heard = await asyncio.to_thread(soxr.resample, samples, rate, SAMPLE_RATE)
        utterance = recognizer.utterance(RecognitionOptions())
        utterance.feed(np.pad(heard, SAMPLE_RATE // 4))
        return (await utterance.final()).text

    return understood
