"""pocketsphinx as a recogniser: a robot's words roughly, and the Protocol exactly."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from audio import Samples
from models.asr import RecognitionError, RecognitionOptions, Superseded, Utterance
from models.asr.sphinx import PIECE_MS_MAX, SphinxRecognizer, is_digital, pieces
from tests.support.clips import load_clip

pytestmark = pytest.mark.engine

HEARD = "What is the weather like in london today"


@pytest.fixture
async def recognizer() -> AsyncIterator[SphinxRecognizer]:
    recognizer = await SphinxRecognizer.load(decoders_max=1)
    yield recognizer
    await recognizer.close()


def begin(recognizer: SphinxRecognizer, language: str | None = None) -> Utterance:
    return recognizer.utterance(RecognitionOptions(language=language))


async def test_words_appear_while_they_are_spoken(recognizer: SphinxRecognizer) -> None:
    utterance = begin(recognizer, "en-US")
    speech = load_clip("question")
    committed = ""
    for half in np.array_split(speech, 3):
        utterance.feed(half)
        partial = await utterance.partial()
        assert partial.committed.startswith(committed)
        committed = partial.committed
    assert "the weather" in partial.text
    final = await utterance.final()
    assert final.text == HEARD
    assert final.volatile == ""
    assert final.duration_ms == len(speech) // 16
    assert [word.text for word in final.words] == final.text.split()
    assert abs(final.words[0].start_ms - 600) <= 100
    assert 0 < final.confidence <= 1
    utterance.feed(load_clip("no"))
    assert (await utterance.partial()).duration_ms > final.duration_ms
    utterance.close()


async def test_one_open_utterance_for_each_decoder(recognizer: SphinxRecognizer) -> None:
    first, second = begin(recognizer), begin(recognizer)
    first.feed(load_clip("question"))
    second.feed(load_clip("question"))
    await first.partial()
    with pytest.raises(Superseded):
        await second.partial()
    waiting = asyncio.create_task(second.final())
    await asyncio.sleep(0)
    first.close()
    assert (await waiting).text == HEARD
    second.close()


async def test_a_final_does_not_wait_for_ever(recognizer: SphinxRecognizer) -> None:
    first, second = begin(recognizer), begin(recognizer)
    first.feed(load_clip("question"))
    second.feed(load_clip("question"))
    await first.partial()
    recognizer.final_deadline_s = 0.01
    with pytest.raises(RecognitionError, match="too busy"):
        await second.final()
    second.close()
    first.close()
    await until_free(recognizer)


async def test_a_cancelled_caller_leaves_the_decoder_usable(recognizer: SphinxRecognizer) -> None:
    utterance = begin(recognizer)
    utterance.feed(load_clip("question"))
    caller = asyncio.create_task(utterance.final())
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    assert (await utterance.final()).text == HEARD
    with_work = asyncio.create_task(utterance.final())
    await asyncio.sleep(0)
    utterance.close()
    utterance.close()
    with pytest.raises(RecognitionError, match="closed"):
        await with_work
    await until_free(recognizer)


async def until_free(recognizer: SphinxRecognizer) -> None:
    recognizer.pool.take_back(await recognizer.pool.lend())


async def test_partials_do_not_queue_up(recognizer: SphinxRecognizer) -> None:
    utterance = begin(recognizer)
    utterance.feed(load_clip("question"))
    running = asyncio.create_task(utterance.partial())
    await asyncio.sleep(0)
    with pytest.raises(Superseded):
        await utterance.partial()
    await running
    utterance.close()


async def test_a_decoder_that_died_is_replaced(recognizer: SphinxRecognizer) -> None:
    decoder = await recognizer.pool.lend()
    decoder.kill()
    recognizer.pool.take_back(decoder)
    await decoder.close()
    utterance = begin(recognizer)
    utterance.feed(load_clip("question"))
    assert (await utterance.final()).text == HEARD
    utterance.close()


async def test_silence_takes_no_decoder(recognizer: SphinxRecognizer) -> None:
    utterance = begin(recognizer)
    utterance.feed(np.zeros(16_000, np.int16))
    assert (await utterance.partial()).text == ""
    assert (await utterance.final()).text == ""
    assert not recognizer.pool.exhausted


async def test_what_it_cannot_do_is_said(recognizer: SphinxRecognizer) -> None:
    with pytest.raises(RecognitionError, match="English only, not 'de'"):
        await begin(recognizer, "de").final()
    endless = begin(recognizer)
    for _ in range(6):
        endless.feed(np.zeros(60 * 16_000, np.int16))
    with pytest.raises(RecognitionError, match="5 minutes"):
        await endless.final()
    closed = begin(recognizer)
    closed.close()
    with pytest.raises(RecognitionError, match="closed"):
        await closed.partial()
    assert recognizer.name == "pocketsphinx:en-us"
    assert recognizer.languages == {"en"}
    assert not recognizer.translates


def noisy(samples: Samples, level: float) -> Samples:
    noise = np.random.default_rng(0).normal(0, level, len(samples))
    return (samples + noise).astype(np.int16)


def test_only_made_up_audio_is_digital() -> None:
    assert is_digital(load_clip("question"))
    assert not is_digital(noisy(load_clip("question"), 40))
    assert not is_digital(np.zeros(0, np.int16))


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    samples = noisy(np.zeros(40 * 16_000, np.int16), 1000)
    samples[12 * 16_000 : 13 * 16_000] = 0
    found = pieces(samples)
    assert 12_000 <= found[1][0] <= 13_000
    assert all(len(piece) <= PIECE_MS_MAX * 16 for _, piece in found)
    np.testing.assert_array_equal(np.concatenate([piece for _, piece in found]), samples)
    assert [start_ms * 16 for start_ms, _ in found[1:]] == list(
        np.cumsum([len(piece) for _, piece in found])[:-1]
    )
