"""Transcribing: passages in order with times of the recording, however they are recognised."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import numpy as np
import pytest

from audio import SAMPLE_RATE, Samples
from models.asr import RecognitionError, RecognitionOptions
from models.asr.whisper import WhisperRecognizer
from models.asr.whisper_startup import WhisperChoice, start_whisper
from models.hub import bundled_asr
from models.scheduler import Scheduler
from models.scripted import RecognizerScript, ScriptedRecognizer
from tests.support.speech import say
from voice_server.recordings.audio_file import AudioFileError, Recording
from voice_server.recordings.subtitles import Passage
from voice_server.recordings.transcribe import transcribe
from voice_server.settings import Settings, load

pytestmark = pytest.mark.engine

SENTENCES = ("The window is open.", "Let me think about it.", "Stop the alarm.")
"""Which the bundled recogniser gets exactly right."""
PAUSE = np.zeros(SAMPLE_RATE, np.int16)


@pytest.fixture(scope="module")
def speech() -> Samples:
    """Three sentences, a second and a half apart."""
    return np.concatenate([part for text in SENTENCES for part in (say(text), PAUSE)])


def recording(samples: Samples) -> Recording:
    blocks = np.array_split(samples, max(1, len(samples) // SAMPLE_RATE))
    return Recording("speech", len(samples) * 1000 // SAMPLE_RATE, iter(blocks))


def settings(*assignments: str) -> Settings:
    return load(None, assignments)


@pytest.fixture
async def recognizer() -> AsyncIterator[WhisperRecognizer]:
    scheduler = Scheduler(2)
    choice = WhisperChoice(str(bundled_asr()), "bundled", window="short", processes=False)
    loaded = await start_whisper(choice, scheduler)
    yield loaded
    await loaded.close()
    await scheduler.close()


async def test_three_sentences_are_three_passages(
    recognizer: WhisperRecognizer, speech: Samples
) -> None:
    done: list[int] = []
    async with aclosing(
        transcribe(recording(speech), recognizer, settings(), done.append)
    ) as passages:
        heard = [passage async for passage in passages]
    assert [passage.text for passage in heard] == list(SENTENCES)
    assert [passage.start_ms for passage in heard] == sorted(p.start_ms for p in heard)
    second_starts_ms = (len(say(SENTENCES[0])) + len(PAUSE)) * 1000 // SAMPLE_RATE + 300
    assert heard[1].start_ms == pytest.approx(second_starts_ms, abs=200)
    assert heard[1].words[-1].text == "it."
    assert heard[1].end_ms <= len(speech) * 1000 // SAMPLE_RATE
    assert done == [passage.end_ms for passage in heard]


async def test_silence_has_no_passages(recognizer: WhisperRecognizer) -> None:
    quiet = recording(np.zeros(SAMPLE_RATE * 20, np.int16))
    async with aclosing(transcribe(quiet, recognizer, settings(), print)) as passages:
        assert [passage async for passage in passages] == []


async def test_order_is_kept_among_workers(speech: Samples) -> None:
    scripted = ScriptedRecognizer(RecognizerScript(("one", "two", "three"), final_ms=1))
    many = settings("asr.workers=8")
    async with aclosing(transcribe(recording(speech), scripted, many, lambda _: None)) as passages:
        assert [passage.text async for passage in passages] == ["one", "two", "three"]


async def test_failures_of_the_recogniser_end_it(speech: Samples) -> None:
    broken = ScriptedRecognizer(RecognizerScript(("one",), final_ms=1, fail="final"))
    with pytest.raises(RecognitionError):
        await collected(recording(speech), broken)


async def test_failures_of_the_file_end_it(speech: Samples) -> None:
    def blocks() -> Iterator[Samples]:
        yield speech
        raise AudioFileError("speech is damaged.")

    scripted = ScriptedRecognizer(RecognizerScript(("one",), final_ms=1))
    with pytest.raises(AudioFileError, match="damaged"):
        await collected(Recording("speech", None, blocks()), scripted)


async def test_stopping_early_leaves_nothing_running(speech: Samples) -> None:
    scripted = ScriptedRecognizer(RecognizerScript(("one",), final_ms=1))
    async with aclosing(
        transcribe(recording(speech), scripted, settings("asr.workers=1"), lambda _: None)
    ) as passages:
        assert (await anext(passages)).text == "one"
    assert len(asyncio.all_tasks()) == 1


async def test_what_is_asked_of_the_recogniser_is_asked_of_every_passage(
    speech: Samples,
) -> None:
    recognizer = ScriptedRecognizer(RecognizerScript(("one", "two", "three")))
    options = RecognitionOptions(language="de")
    async with aclosing(
        transcribe(recording(speech), recognizer, settings(), lambda _: None, options, ahead=0)
    ) as passages:
        assert [(p.text, p.language) async for p in passages] == [
            ("one", "de"),
            ("two", "de"),
            ("three", "de"),
        ]


async def collected(source: Recording, recognizer: ScriptedRecognizer) -> list[Passage]:
    async with aclosing(transcribe(source, recognizer, settings(), lambda _: None)) as passages:
        return [passage async for passage in passages]
