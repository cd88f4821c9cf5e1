"""The bundled model on espeak-ng speech: exact finals, growing partials, flat cost."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from audio import Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Transcript, Utterance
from models.asr.whisper import Patience, WhisperRecognizer
from models.asr.whisper_crew import WhisperThreads
from models.asr.whisper_decoder import WhisperDecoder
from models.asr.whisper_loader import load_decoder
from models.asr.whisper_startup import WhisperChoice, start_whisper
from models.asr.whisper_window import WindowPolicy
from models.scheduler import Scheduler
from tests.support.speech import LEAD_MS, TRAIL_MS, say
from tests.support.tiny_whisper import save_tiny_whisper

pytestmark = pytest.mark.engine

BUNDLED = Path(__file__).parents[3] / "models" / "assets" / "bundled-asr"

EXACT = [
    "Ask Grace if the girl is ready.",
    "The window is open.",
    "What should I cook today?",
    "What's the temperature in Lisbon?",
    "Do I have any new messages?",
    "I'd like a cup of milk, please.",
    "Set an alarm for six o'clock.",
    "Where is the nearest library?",
    "What is sixty seven minus three hundred and eighty two?",
    "Take me to the station.",
    "Hello, how are you?",
    "What's on my shopping list?",
]
"""Sentences that this model gets exactly right: they test what is around it."""

LONG = [*EXACT[5:], *EXACT[:5]]


@pytest.fixture(scope="module")
def decoder() -> WhisperDecoder:
    return load_decoder(
        str(BUNDLED),
        WindowPolicy("short"),
        device="cpu",
        compute_type="auto",
        cpu_threads=1,
        workers=2,
    )


@pytest.fixture
async def recognizer(decoder: WhisperDecoder) -> AsyncIterator[WhisperRecognizer]:
    scheduler = Scheduler(2)
    recognizer = WhisperRecognizer(WhisperThreads(decoder, 2), scheduler, name="bundled")
    yield recognizer
    await recognizer.close()
    await scheduler.close()


def begin(recognizer: WhisperRecognizer, language: str | None = None) -> Utterance:
    return recognizer.utterance(RecognitionOptions(language=language))


def chunks(samples: Samples, chunk_ms: int = 300) -> list[Samples]:
    size = chunk_ms * 16
    return [samples[i : i + size] for i in range(0, len(samples), size)]


async def partials(utterance: Utterance, samples: Samples) -> list[Transcript]:
    found = []
    for chunk in chunks(samples):
        utterance.feed(chunk)
        found.append(await utterance.partial())
    return found


async def final_text(recognizer: WhisperRecognizer, samples: Samples) -> str:
    utterance = begin(recognizer)
    utterance.feed(samples)
    return (await utterance.final()).text


@pytest.mark.parametrize("text", EXACT)
async def test_finals_are_exact(recognizer: WhisperRecognizer, text: str) -> None:
    utterance = begin(recognizer, "en-GB")
    utterance.feed(say(text))
    final = await utterance.final()
    assert final.text == final.committed == text
    assert final.volatile == ""
    assert [word.text for word in final.words] == text.split()
    assert final.language == "en"
    assert 0.5 < final.confidence <= 1
    assert final.duration_ms == len(say(text)) // 16


async def test_word_times_lie_in_the_speech(recognizer: WhisperRecognizer) -> None:
    speech = say(EXACT[0])
    utterance = begin(recognizer)
    utterance.feed(np.concatenate([np.zeros(16_000, np.int16), speech]))
    words = (await utterance.final()).words
    assert abs(words[0].start_ms - (1000 + LEAD_MS)) <= 50
    assert abs(words[-1].end_ms - (1000 + len(speech) // 16 - TRAIL_MS)) <= 400
    for before, word in pairwise(words):
        assert before.start_ms <= before.end_ms <= word.start_ms <= word.end_ms


@pytest.mark.parametrize("text", EXACT[:6])
async def test_partials_grow_by_appending(recognizer: WhisperRecognizer, text: str) -> None:
    utterance = begin(recognizer)
    committed = ""
    found = await partials(utterance, say(text))
    for partial in found:
        assert partial.committed.startswith(committed)
        committed = partial.committed
    shown = [partial.text for partial in found]
    assert len(set(shown)) > 3
    assert shown[0] == ""
    assert (await utterance.final()).text == text


async def test_a_final_after_silence_costs_nothing(decoder: WhisperDecoder) -> None:
    scheduler = Scheduler(1)
    counted = WhisperRecognizer(WhisperThreads(decoder, 1), scheduler, name="counted")
    utterance = begin(counted)
    utterance.feed(say(EXACT[0]))
    first = await utterance.partial()
    utterance.feed(np.zeros(8000, np.int16))
    assert (await utterance.partial()).committed == EXACT[0]
    final = await utterance.final()
    assert final.text == first.text == EXACT[0]
    assert final.duration_ms == len(say(EXACT[0])) // 16 + 500
    assert sum(scheduler.counts.values()) == 1
    await scheduler.close()


async def test_the_speaker_goes_on_after_a_final(recognizer: WhisperRecognizer) -> None:
    utterance = begin(recognizer)
    utterance.feed(say(EXACT[10]))
    assert (await utterance.final()).text == EXACT[10]
    utterance.feed(say(EXACT[9]))
    await utterance.partial()
    assert (await utterance.final()).text == f"{EXACT[10]} {EXACT[9]}"


async def test_the_window_stays_short_in_a_long_utterance(recognizer: WhisperRecognizer) -> None:
    speech = np.concatenate([say(text, lead_ms=0, trail_ms=400) for text in LONG])
    assert len(speech) > 20 * 16_000
    utterance = recognizer.utterance(RecognitionOptions())
    windows_ms = []
    for chunk in chunks(speech):
        utterance.feed(chunk)
        await utterance.partial()
        windows_ms.append(utterance.window_ms)
    assert max(windows_ms) <= recognizer.policy.trim_ms + 1500
    said = (await utterance.final()).text.split()
    expected = " ".join(LONG).split()
    assert said[:2] == expected[:2]
    assert said[-5:] == expected[-5:]
    assert len(set(expected) - set(said)) <= 5
    assert abs(len(said) - len(expected)) <= 4


async def test_partials_look_at_what_is_new_and_the_final_at_everything(
    recognizer: WhisperRecognizer,
) -> None:
    speech = np.concatenate([say(text, lead_ms=0, trail_ms=300) for text in EXACT[:3]])
    assert len(speech) // 16 > recognizer.policy.partial_ms + 1000
    utterance = recognizer.utterance(RecognitionOptions())
    for chunk in chunks(speech):
        utterance.feed(chunk)
        await utterance.partial()
    assert utterance.window_ms < len(speech) // 16
    await utterance.final()
    assert utterance.window_ms >= len(speech) // 16


async def test_a_long_final_without_partials(recognizer: WhisperRecognizer) -> None:
    speech = np.concatenate([say(text, lead_ms=0, trail_ms=400) for text in LONG])
    said = (await final_text(recognizer, speech)).split()
    assert len(set(" ".join(LONG).split()) - set(said)) <= 5


@pytest.mark.parametrize("level", [0, 3, 30, 1000])
async def test_noise_is_not_speech(recognizer: WhisperRecognizer, level: int) -> None:
    noise = np.random.default_rng(level).normal(0, level, 32_000).astype(np.int16)
    utterance = begin(recognizer)
    utterance.feed(noise)
    assert (await utterance.partial()).text == ""
    final = await utterance.final()
    assert (final.text, final.words, final.duration_ms) == ("", (), 2000)


async def test_nothing_was_fed(recognizer: WhisperRecognizer) -> None:
    assert await final_text(recognizer, np.zeros(0, np.int16)) == ""


async def test_eight_speakers_at_once(recognizer: WhisperRecognizer) -> None:
    async def speak(text: str) -> str:
        utterance = begin(recognizer)
        for chunk in chunks(say(text)):
            utterance.feed(chunk)
            try:
                await utterance.partial()
            except Superseded:
                continue
        return (await utterance.final()).text

    assert await asyncio.gather(*(speak(text) for text in EXACT[:8])) == EXACT[:8]


async def test_a_real_models_window_has_a_margin() -> None:
    scheduler = Scheduler(1)
    choice = WhisperChoice(str(BUNDLED), "m", beam_size=2, device="cpu")
    recognizer = await start_whisper(choice, scheduler)
    utterance = recognizer.utterance(RecognitionOptions(prompt="Hello.", hot_words=["Grace"]))
    utterance.feed(say(EXACT[0]))
    assert (await utterance.final()).text != ""
    assert utterance.window_ms >= len(say(EXACT[0])) // 16 + 2560
    await scheduler.close()


async def test_it_says_what_it_can_do(recognizer: WhisperRecognizer, tmp_path: Path) -> None:
    assert recognizer.languages == {"en"}
    assert not recognizer.translates
    scheduler = Scheduler(1)
    folder = str(save_tiny_whisper(tmp_path / "tiny"))
    for trained in (True, False):
        choice = WhisperChoice(folder, "tiny", translates=trained)
        multilingual = await start_whisper(choice, scheduler)
        assert {"de", "zh"} < multilingual.languages
        assert multilingual.translates is trained
    await scheduler.close()


async def test_an_unknown_language_is_refused(recognizer: WhisperRecognizer) -> None:
    utterance = begin(recognizer, "de")
    utterance.feed(say(EXACT[0]))
    with pytest.raises(RecognitionError, match="English only, not 'de'"):
        await utterance.final()


async def test_an_impatient_final_fails_with_a_sentence(decoder: WhisperDecoder) -> None:
    scheduler = Scheduler(1)
    crew = WhisperThreads(decoder, 1)
    hasty = WhisperRecognizer(crew, scheduler, name="hasty", patience=Patience(final_s=-1))
    utterance = begin(hasty)
    utterance.feed(say(EXACT[0]))
    with pytest.raises(RecognitionError, match="too busy"):
        await utterance.final()
    await scheduler.close()


async def test_closing_an_utterance_ends_its_calls(recognizer: WhisperRecognizer) -> None:
    utterance = begin(recognizer)
    utterance.feed(say(EXACT[0]))
    running = asyncio.create_task(utterance.final())
    await asyncio.sleep(0)
    utterance.close()
    utterance.close()
    utterance.feed(say(EXACT[0]))
    with pytest.raises(RecognitionError, match="closed"):
        await running
    with pytest.raises(RecognitionError, match="closed"):
        await utterance.partial()


async def test_closing_the_recogniser_fails_open_utterances(
    recognizer: WhisperRecognizer,
) -> None:
    utterance = begin(recognizer)
    utterance.feed(say(EXACT[0]))
    await recognizer.close()
    with pytest.raises(RecognitionError, match="closed"):
        await utterance.final()


async def test_ten_minutes_without_a_partial_are_too_much(recognizer: WhisperRecognizer) -> None:
    utterance = begin(recognizer)
    minute = np.zeros(60 * 16_000, np.int16)
    for _ in range(12):
        utterance.feed(minute)
    with pytest.raises(RecognitionError, match="10 minutes"):
        await utterance.final()
