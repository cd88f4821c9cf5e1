"""Piper as a `Synthesizer`, with a voice of tones whose word times are known."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from piper import PiperVoice
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

from models.scheduler import Scheduler
from models.tts import SynthesisError
from models.tts.piper import PiperSynthesizer
from models.tts.synthesis_queue import SynthesisQueue
from tests.support.piper_voice import AMPLITUDE, HOP_SAMPLES, RATE, frames_of, write_piper_voice
from tests.support.utterance import rms, utter

pytestmark = pytest.mark.engine

TWENTY_MS = RATE * 20 // 1000
SENTENCES = "Good morning. How are you today? I am well."


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voices")
    write_piper_voice(folder)
    write_piper_voice(folder, name="duet", speakers=2)
    write_piper_voice(folder, name="letters", phonemes="text")
    return folder


@pytest.fixture
async def queue() -> AsyncIterator[SynthesisQueue]:
    scheduler = Scheduler(2)
    yield SynthesisQueue(scheduler)
    await scheduler.close()


@pytest.fixture
async def tones(voices: Path, queue: SynthesisQueue) -> AsyncIterator[PiperSynthesizer]:
    loaded = PiperSynthesizer.load(voices / "tones.onnx", queue=queue)
    yield loaded
    await loaded.close()


@pytest.fixture
async def duet(voices: Path, queue: SynthesisQueue) -> AsyncIterator[PiperSynthesizer]:
    loaded = PiperSynthesizer.load(voices / "duet.onnx", queue=queue)
    yield loaded
    await loaded.close()


def samples_of(phonemes: str) -> int:
    """Return how long the voice of tones takes for these, with the pad after each."""
    pad = frames_of(DEFAULT_PHONEME_ID_MAP["_"][0])
    return HOP_SAMPLES * sum(
        frames_of(DEFAULT_PHONEME_ID_MAP[phoneme][0]) + pad for phoneme in phonemes
    )


def word_starts(sentences: list[str]) -> list[int]:
    """Return the sample at each `|` in the phonemes of the sentences."""
    starts, sample = [], 0
    for sentence in sentences:
        parts = [part.replace("|", "") for part in sentence.split("|")]
        starts += [sample + n for n in accumulate(map(samples_of, parts), initial=samples_of("^"))]
        starts.pop()
        starts.remove(sample + samples_of("^"))
        sample += samples_of("^" + "".join(parts)) + HOP_SAMPLES * frames_of(2)
    return starts


@pytest.mark.parametrize(
    ("text", "phonemes"),
    [
        ("Two black cats sat down.", ["|tˈuː |blˈæk |kˈæts |sˈæt |dˈaʊn."]),
        ("One of the cats, which I know.", ["|wˈʌn |ʌv|ðə |kˈæts, |wˌɪtʃ |aɪ |nˈoʊ."]),
        ("It was 42 degrees", ["|ɪt |wʌz |fˈɔːɹɾi tˈuː |dᵻɡɹˈiːz"]),
        (SENTENCES, ["|ɡˈʊd |mˈɔːɹnɪŋ.", "|hˌaʊ |ɑːɹ |juː |tədˈeɪ?", "|aɪ|ɐm |wˈɛl."]),
    ],
)
async def test_words_begin_within_20_ms_of_the_truth(
    tones: PiperSynthesizer, text: str, phonemes: list[str]
) -> None:
    utterance = await utter(tones, text)
    assert utterance.words == text.split()
    starts = [mark.start_sample for mark in utterance.marks]
    assert np.abs(np.subtract(starts, word_starts(phonemes))).max() <= TWENTY_MS
    assert all(mark.exact for mark in utterance.marks)


async def test_words_begin_within_20_ms_where_a_letter_is_a_phoneme(
    voices: Path, queue: SynthesisQueue
) -> None:
    letters = PiperSynthesizer.load(voices / "letters.onnx", queue=queue)
    text = "the quick brown fox jumps over a lazy dog"
    utterance = await utter(letters, text)
    truth = word_starts(["|" + text.replace(" ", " |")])
    starts = [mark.start_sample for mark in utterance.marks]
    assert utterance.words == text.split()
    assert np.abs(np.subtract(starts, truth)).max() <= TWENTY_MS
    await letters.close()


async def test_without_alignments_marks_are_proportional(
    monkeypatch: pytest.MonkeyPatch, voices: Path, queue: SynthesisQueue
) -> None:
    monkeypatch.setattr("piper.patch_voice_with_alignment.add_alignment_output", _finds_nothing)
    plain = PiperSynthesizer.load(voices / "tones.onnx", queue=queue)
    utterance = await utter(plain, SENTENCES)
    assert utterance.words == SENTENCES.split()
    assert not any(mark.exact for mark in utterance.marks)
    await plain.close()


def _finds_nothing(_: object) -> str:
    raise ValueError("No ceil tensors detected.")


async def test_loudness_is_fixed(
    tones: PiperSynthesizer, voices: Path, queue: SynthesisQueue
) -> None:
    short, long = await utter(tones, "Hm."), await utter(tones, SENTENCES)
    full = AMPLITUDE * 32767
    assert int(np.abs(short.samples).max()) == pytest.approx(full, rel=0.02)
    assert int(np.abs(long.samples).max()) == pytest.approx(full, rel=0.02)
    quiet = PiperSynthesizer.load(voices / "tones.onnx", queue=queue, gain=0.5)
    assert rms((await utter(quiet, "Hm.")).samples) == pytest.approx(rms(short.samples) / 2, 0.01)
    await quiet.close()


async def test_each_sentence_is_a_chunk(tones: PiperSynthesizer) -> None:
    utterance = await utter(tones, SENTENCES)
    assert [len(chunk.marks) for chunk in utterance.chunks] == [2, 4, 3]
    assert utterance.samples.dtype == np.int16


class Gate:
    """Lets a test see and hold each sentence that the voice is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_open: bool) -> None:
        self.sentences = 0
        self.entered = threading.Event()
        self.opened = threading.Event()
        if is_open:
            self.opened.set()
        original = PiperVoice.phoneme_ids_to_audio

        def gated(voice: PiperVoice, *args: Any, **kwargs: Any) -> Any:
            self.sentences += 1
            self.entered.set()
            assert self.opened.wait(timeout=60)
            return original(voice, *args, **kwargs)

        monkeypatch.setattr(PiperVoice, "phoneme_ids_to_audio", gated)


async def test_closing_makes_no_further_sentence(
    monkeypatch: pytest.MonkeyPatch, tones: PiperSynthesizer
) -> None:
    gate = Gate(monkeypatch, is_open=True)
    async with aclosing(tones.speak(SENTENCES)) as chunks:
        await anext(chunks)
    await utter(tones, "Hm.")
    assert gate.sentences == 2


async def test_cancelling_drops_the_sentence_in_work(
    monkeypatch: pytest.MonkeyPatch, tones: PiperSynthesizer
) -> None:
    gate = Gate(monkeypatch, is_open=False)
    speaking = asyncio.create_task(utter(tones, SENTENCES))
    await asyncio.to_thread(gate.entered.wait, 60)
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    gate.opened.set()
    await utter(tones, "Hm.")
    assert gate.sentences == 2


async def test_speakers_at_once_each_hear_their_own(duet: PiperSynthesizer) -> None:
    asked = [(f"Number {n} is speaking.", ("low", "high")[n % 2]) for n in range(8)]
    alone = [await utter(duet, *ask) for ask in asked]
    together = await asyncio.gather(*(utter(duet, *ask) for ask in asked))
    for one, other in zip(alone, together, strict=True):
        assert np.array_equal(one.samples, other.samples)
        assert one.marks == other.marks


async def test_speakers_by_name_and_number(duet: PiperSynthesizer) -> None:
    assert [voice.id for voice in duet.voices] == ["duet#low", "duet#high"]
    low, high = [(await utter(duet, "Hm.", voice)).samples for voice in ("low", "high")]
    assert not np.array_equal(low, high)
    for voice, expected in [(None, low), ("duet", low), ("duet#low", low), ("duet#1", high)]:
        assert np.array_equal((await utter(duet, "Hm.", voice)).samples, expected)


@pytest.mark.parametrize("voice", ["alto", "duet#2", "duet#", "", "solo#low"])
async def test_an_unknown_speaker_is_refused(duet: PiperSynthesizer, voice: str) -> None:
    with pytest.raises(SynthesisError, match="duet#low"):
        await utter(duet, "Hm.", voice)


async def test_speed(tones: PiperSynthesizer) -> None:
    normal = (await utter(tones, SENTENCES)).samples.size
    assert (await utter(tones, SENTENCES, speed=0.5)).samples.size == 2 * normal
    fast = await utter(tones, SENTENCES, speed=2.0)
    assert normal / 2 <= fast.samples.size < 0.75 * normal
    assert fast.words == SENTENCES.split()


@pytest.mark.parametrize("speed", [0.49, 2.01, float("nan")])
async def test_speed_out_of_range_is_refused(tones: PiperSynthesizer, speed: float) -> None:
    with pytest.raises(SynthesisError, match=r"between 0\.5 and 2\.0"):
        await utter(tones, "Hm.", speed=speed)


@pytest.mark.parametrize("text", ["", "  ", "...", "—", "\n", "\x00", "\ud800"], ids=ascii)
async def test_text_without_anything_speakable_yields_nothing(
    tones: PiperSynthesizer, text: str
) -> None:
    assert (await utter(tones, text)).chunks == []


@pytest.mark.parametrize(
    "text",
    [
        "a\ud800b \x00c",
        "😀 ok",
        "[[h@l'oU]] [[",
        "<speak>x</speak>",
        "e" + "\u0301" * 300,
        "9" * 600,
    ],
    ids=ascii,
)
async def test_hostile_text_is_spoken(tones: PiperSynthesizer, text: str) -> None:
    assert (await utter(tones, text)).words


async def test_phoneme_input_is_not_obeyed(tones: PiperSynthesizer) -> None:
    obeyed = samples_of("^aaaaaaaa") + HOP_SAMPLES * frames_of(2)
    assert (await utter(tones, "[[aaaaaaaa]]")).samples.size != obeyed


async def test_long_text_is_spoken_in_pieces(tones: PiperSynthesizer) -> None:
    text = "one two three four. " * 60
    assert (await utter(tones, text)).words == text.split()


async def test_names(tones: PiperSynthesizer) -> None:
    assert (tones.name, tones.rate) == ("piper:tones", RATE)
    assert [(voice.id, voice.language) for voice in tones.voices] == [("tones", "en-US")]


async def test_whoever_waits_in_silence_is_served_first(
    monkeypatch: pytest.MonkeyPatch, voices: Path
) -> None:
    scheduler = Scheduler(1)
    tones = PiperSynthesizer.load(voices / "tones.onnx", queue=SynthesisQueue(scheduler))
    gate = Gate(monkeypatch, is_open=False)
    order: list[str] = []

    async def say(name: str, *, urgent: bool) -> None:
        async with aclosing(tones.speak("Hm.", urgent=urgent)) as chunks:
            await anext(chunks)
            order.append(name)

    async with asyncio.TaskGroup() as speakers:
        speakers.create_task(say("in work", urgent=False))
        await asyncio.to_thread(gate.entered.wait, 60)
        speakers.create_task(say("goes on", urgent=False))
        speakers.create_task(say("begins", urgent=True))
        await asyncio.sleep(0)  # both begin, and wait
        assert sum(scheduler.queue_depths().values()) == 2
        gate.opened.set()
    await scheduler.close()
    assert order == ["in work", "begins", "goes on"]
