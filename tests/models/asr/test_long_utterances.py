"""Somebody who speaks for ten minutes without a pause that counts: one transcript, flat cost."""

import asyncio
from collections.abc import AsyncIterator
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest

from audio import Samples
from models.asr import RecognitionOptions
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_crew import WhisperThreads
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_worker import WorkerOrder, load
from models.scheduler import Scheduler
from tests.support.speech import say
from voice_server.bench.word_error import word_error

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"
SENTENCES = [
    "Ask Grace if the girl is ready.",
    "The window is open.",
    "What should I cook today?",
    "Do I have any new messages?",
    "Set an alarm for six o'clock.",
    "Where is the nearest library?",
    "Take me to the station.",
]
TEN_MINUTES = 600 * 16_000
CHUNK = 3 * 16_000


@pytest.fixture(scope="module")
def decoder() -> WhisperDecoder:
    return load(WorkerOrder(str(BUNDLED), "short", 0))


@pytest.fixture
async def recognizer(decoder: WhisperDecoder) -> AsyncIterator[WhisperRecognizer]:
    scheduler = Scheduler(1)
    yield WhisperRecognizer(WhisperThreads(decoder, 1), scheduler, name="long")
    await scheduler.close()


def spoken(samples_min: int) -> tuple[Samples, str]:
    """Sentences one after the other, and what they say."""
    clips = [say(text, lead_ms=0, trail_ms=300) for text in SENTENCES]
    count = -(-samples_min // (sum(map(len, clips)) // len(clips)))
    said = " ".join(islice(cycle(SENTENCES), count))
    return np.concatenate(list(islice(cycle(clips), count))), said


async def test_ten_minutes_are_one_transcript_at_a_flat_cost(
    recognizer: WhisperRecognizer,
) -> None:
    speech, said = spoken(TEN_MINUTES)
    utterance = recognizer.utterance(RecognitionOptions())
    windows_ms, committed = [], ""
    for start in range(0, len(speech), CHUNK):
        utterance.feed(speech[start : start + CHUNK])
        partial = await utterance.partial()
        assert partial.committed.startswith(committed)
        committed = partial.committed
        windows_ms.append(utterance.window_ms)
    first_minute, last_minute = windows_ms[:20], windows_ms[-20:]
    assert max(windows_ms) <= recognizer.policy.audio_ms_max + 500
    assert np.mean(last_minute) <= 1.2 * np.mean(first_minute)
    final = await utterance.final()
    assert word_error(said, final.text) < 0.1
    assert final.duration_ms == len(speech) // 16
    assert all(a.start_ms <= b.end_ms for a, b in zip(final.words, final.words[1:], strict=False))


async def test_a_minute_without_partials_is_cut_where_it_is_quiet(
    recognizer: WhisperRecognizer,
) -> None:
    speech, said = spoken(60 * 16_000)
    utterance = recognizer.utterance(RecognitionOptions())
    utterance.feed(speech)
    assert word_error(said, (await utterance.final()).text) < 0.1
    assert utterance.window_ms <= recognizer.policy.audio_ms_max + 500


async def test_audio_that_comes_all_at_once_blocks_nobody(recognizer: WhisperRecognizer) -> None:
    """Minutes in one go, from a client that is faster than real time, while somebody else talks."""
    speech, _ = spoken(TEN_MINUTES // 4)
    long = recognizer.utterance(RecognitionOptions())
    long.feed(speech)
    running = asyncio.create_task(long.partial())
    await asyncio.sleep(0)
    short = recognizer.utterance(RecognitionOptions())
    short.feed(say(SENTENCES[1]))
    assert (await short.final()).text == SENTENCES[1]
    assert not running.done()
    running.cancel()
    long.close()
