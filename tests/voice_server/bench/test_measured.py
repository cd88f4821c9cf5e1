"""A real recogniser in simulated time: the words are its own, and the work takes time."""

import asyncio

import numpy as np
import pytest

from models.asr import RecognitionOptions
from models.scripted import RecognizerScript, ScriptedRecognizer
from voice_server.bench.measured import MeasuredRecognizer
from voice_server.bench.virtual_time import run_virtual

pytestmark = pytest.mark.story


def test_it_says_what_the_other_one_says_and_takes_longer() -> None:
    async def story() -> None:
        inner = ScriptedRecognizer(RecognizerScript(("one two",), partial_ms=0, final_ms=100))
        measured = MeasuredRecognizer(inner)
        assert (measured.name, measured.languages, measured.translates) == (
            inner.name,
            inner.languages,
            inner.translates,
        )
        utterance = measured.utterance(RecognitionOptions())
        utterance.feed(np.zeros(16_000, np.int16))
        await utterance.partial()
        began = asyncio.get_running_loop().time()
        assert (await utterance.final()).text == "one two"
        assert asyncio.get_running_loop().time() - began > 0.1
        utterance.close()
        await measured.close()

    run_virtual(story())
