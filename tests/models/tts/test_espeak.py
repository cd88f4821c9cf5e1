"""espeak-ng as a `Synthesizer`: marks, cancelling, many speakers at once, and hostile text."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import aclosing

import numpy as np
import pytest

from audio import Samples
from models.tts import SynthesisError, Synthesizer, espeak
from models.tts.espeak import EspeakSynthesizer, speak_now
from models.tts.espeak_library import EspeakLibrary, WordEvent
from models.tts.speech_text import PIECE_CHARS_MAX
from tests.support.utterance import rms, utter

pytestmark = pytest.mark.engine

SENTENCE = "Sure, I can help you with that: what would you like to know?"

GREETINGS = {
    "en-us": "Good morning", "en-gb": "Good morning", "de": "Guten Morgen", "fr": "Bonjour",
    "es": "Buenos días", "it": "Buongiorno", "pt-br": "Bom dia", "nl": "Goedemorgen",
    "sv": "God morgon", "nb": "God morgen", "da": "Godmorgen", "fi": "Hyvää huomenta",
    "et": "Tere hommikust", "lv": "Labrīt", "lt": "Labas rytas", "pl": "Dzień dobry",
    "cs": "Dobré ráno", "sk": "Dobré ráno", "sl": "Dobro jutro", "hr": "Dobro jutro",
    "sr": "Добро јутро", "bg": "Добро утро", "mk": "Добро утро", "ru": "Доброе утро",
    "uk": "Доброго ранку", "be": "Добрай раніцы", "el": "Καλημέρα", "tr": "Günaydın",
    "az": "Sabahınız xeyir", "kk": "Қайырлы таң", "ka": "დილა მშვიდობისა", "hy": "Բարի լույս",
    "ar": "صباح الخير", "fa": "صبح بخیر", "he": "בוקר טוב", "ur": "صبح بخیر",
    "hi": "सुप्रभात", "bn": "সুপ্রভাত", "ta": "காலை வணக்கம்", "te": "శుభోదయం",
    "ml": "സുപ്രഭാതം", "si": "සුභ උදෑසනක්", "th": "สวัสดีตอนเช้า", "my": "မင်္ဂလာပါ",
    "am": "እንደምን አደርክ", "ko": "안녕하세요", "ja": "おはよう", "cmn": "早上好",
    "vi": "Chào buổi sáng", "sw": "Habari za asubuhi",
}  # fmt: skip

HOSTILE = {
    "emoji": "😀🏳️‍🌈👩‍👩‍👧‍👦" * 20,
    "lone surrogates": "a\ud800b \udfff\ud83d c",
    "NUL": "one\x00two\x00",
    "escape": "\x1b[31mred\x1b[0m",
    "markup": '<speak version="1.0"><break time="999s"/></speak>',
    "phoneme input": "[[h@l'oU]] ]] [[",
    "right to left": "\u202eabc\u202c \u200f",
    "combining": "e" + "\u0301" * 400,
    "digits": "9" * 600,
    "one long word": "w" * 10_000,
    "no space": "日本語" * 300,
    "format": "%s%n%d {0} \\",
}

SILENT = ["", "   ", "...", "\n\n", "—", "{}[]", "\x00\x01", "\ud800", "\u200b"]


@pytest.fixture(scope="module")
def synthesizer() -> Synthesizer:
    return EspeakSynthesizer()


def similarity(one: Samples, other: Samples) -> float:
    """Correlation of loudness in 50 ms steps: the library adds noise to every rendering."""
    size = min(one.size, other.size) // 1102 * 1102
    envelopes = [
        np.abs(samples[:size].astype(np.float64)).reshape(-1, 1102).mean(axis=1)
        for samples in (one, other)
    ]
    return float(np.corrcoef(envelopes)[0, 1])


async def test_marks_cover_every_word(synthesizer: Synthesizer) -> None:
    utterance = await utter(synthesizer, SENTENCE)
    assert " ".join(utterance.words) == SENTENCE
    assert len(utterance.words) >= 11
    assert all(mark.exact for mark in utterance.marks)


@pytest.mark.parametrize(
    ("text", "voice", "words"),
    [
        ("Größe, Ärger 😀 Übung", "de", ["Größe,", "Ärger", "😀", "Übung"]),
        ("Привет, мир!", "ru", ["Привет,", "мир!"]),
        ('He said "yes" (1234567) twice', None, ["He", "said", '"yes"', "(1234567)", "twice"]),
    ],
)
async def test_marks_count_characters(
    synthesizer: Synthesizer, text: str, voice: str | None, words: list[str]
) -> None:
    assert (await utter(synthesizer, text, voice)).words == words


async def test_long_text_is_spoken_in_pieces_that_join(synthesizer: Synthesizer) -> None:
    text = "one, two, three. " * 40
    assert len(text) > PIECE_CHARS_MAX
    utterance = await utter(synthesizer, text)
    assert utterance.words == text.split()
    samples, marks = speak_now(text)
    assert [mark.start_char for mark in marks] == [mark.start_char for mark in utterance.marks]
    assert samples.size == pytest.approx(utterance.samples.size, rel=0.01)
    starts = np.array([mark.start_sample for mark in marks])
    streamed = np.array([mark.start_sample for mark in utterance.marks])
    assert np.abs(starts - streamed).max() < 0.02 * samples.size


async def gated(
    monkeypatch: pytest.MonkeyPatch, synthesizer: Synthesizer, text: str
) -> tuple[int, int]:
    """Close the stream after its first chunk, while the library waits in its next buffer.

    Returns how many buffers the library made in all, and the samples of the first chunk.
    """
    closed = threading.Event()
    buffers: list[int] = []
    synthesize = EspeakLibrary.synthesize

    def slow(
        self: EspeakLibrary,
        text: str,
        voice: str,
        rate: int,
        hear: Callable[[Samples, list[WordEvent]], bool],
    ) -> bool:
        delivered = False

        def hear_then_wait(samples: Samples, words: list[WordEvent]) -> bool:
            nonlocal delivered
            if delivered:
                assert closed.wait(timeout=60)
            delivered = delivered or (bool(words) and bool(buffers))
            buffers.append(samples.size)
            return hear(samples, words)

        return synthesize(self, text, voice, rate, hear_then_wait)

    monkeypatch.setattr(EspeakLibrary, "synthesize", slow)
    async with aclosing(synthesizer.speak(text)) as chunks:
        first = await anext(chunks)
    closed.set()
    await asyncio.get_running_loop().run_in_executor(espeak._worker, lambda: None)
    return len(buffers), first.samples.size


async def test_the_first_chunk_leaves_early_and_closing_ends_the_synthesis(
    monkeypatch: pytest.MonkeyPatch, synthesizer: Synthesizer
) -> None:
    whole = (await utter(synthesizer, SENTENCE)).samples.size
    buffers_made, first_size = await gated(monkeypatch, synthesizer, SENTENCE)
    assert first_size < whole / 4
    assert buffers_made * 1400 < whole / 4


async def test_a_stream_closed_before_its_turn_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, synthesizer: Synthesizer
) -> None:
    turn = threading.Event()
    waiting = espeak._worker.submit(turn.wait, 60)
    stream = synthesizer.speak(SENTENCE)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    spoken: list[object] = []
    monkeypatch.setattr(EspeakLibrary, "synthesize", lambda *asked: spoken.append(asked))
    turn.set()
    assert await asyncio.wrap_future(waiting)
    await asyncio.get_running_loop().run_in_executor(espeak._worker, lambda: None)
    assert spoken == []


async def test_eight_speakers_at_once_each_hear_their_own(synthesizer: Synthesizer) -> None:
    texts = [f"{number} {SENTENCE[number * 3 :]} {number * 111}" for number in range(8)]
    voices = ["en-us", "de", "en-us+f3", "fr", "es", "en-gb", "it", "en-us+m3"]
    asked = list(zip(texts, voices, strict=True))
    alone = [await utter(synthesizer, *ask) for ask in asked]
    together = await asyncio.gather(*(utter(synthesizer, *ask) for ask in asked))
    for number, one in enumerate(together):
        assert one.words == alone[number].words
        assert one.samples.size == pytest.approx(alone[number].samples.size, rel=0.01)
        alike = [similarity(one.samples, other.samples) for other in alone]
        assert np.argmax(alike) == number
        assert alike[number] > 0.9


async def test_clauses_are_equally_loud(synthesizer: Synthesizer) -> None:
    alone = await utter(synthesizer, "Hello there")
    first = await utter(synthesizer, "Hello there, and then a great deal more was shouted at them")
    size = alone.samples.size * 3 // 4
    assert rms(alone.samples[:size]) == pytest.approx(rms(first.samples[:size]), rel=0.15)


async def test_speed_shortens(synthesizer: Synthesizer) -> None:
    sizes = [(await utter(synthesizer, SENTENCE, speed=s)).samples.size for s in (0.5, 1.0, 2.0)]
    assert sizes[0] > 1.6 * sizes[1] > 2.4 * sizes[2]


@pytest.mark.parametrize("speed", [0.0, 0.49, 2.01, -1.0, float("nan"), float("inf")])
async def test_speed_out_of_range_is_refused(synthesizer: Synthesizer, speed: float) -> None:
    with pytest.raises(SynthesisError, match=r"between 0\.5 and 2\.0"):
        await utter(synthesizer, SENTENCE, speed=speed)


async def test_an_unknown_voice_is_refused(synthesizer: Synthesizer) -> None:
    with pytest.raises(SynthesisError, match="en-gb"):
        await utter(synthesizer, "Hello", voice="en-gbb")
    with pytest.raises(SynthesisError, match="en-us"):
        EspeakSynthesizer("en-uss")


async def test_names(synthesizer: Synthesizer) -> None:
    assert synthesizer.name == "espeak-ng:en-us"
    assert synthesizer.rate == 22_050
    assert synthesizer.voices[0].id == "en-us"
    assert EspeakSynthesizer("de").voices[0].id == "de"
    await synthesizer.close()


@pytest.mark.parametrize("voice", sorted(GREETINGS))
async def test_fifty_languages(synthesizer: Synthesizer, voice: str) -> None:
    utterance = await utter(synthesizer, GREETINGS[voice], voice)
    assert utterance.samples.size > synthesizer.rate // 10
    assert rms(utterance.samples) > 300
    assert utterance.words


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_spoken_or_dropped(synthesizer: Synthesizer, text: str) -> None:
    utterance = await utter(synthesizer, text)
    assert 0 < utterance.samples.size < len(text) * synthesizer.rate


@pytest.mark.parametrize("text", SILENT, ids=ascii)
async def test_text_without_anything_speakable_yields_nothing(
    synthesizer: Synthesizer, text: str
) -> None:
    assert (await utter(synthesizer, text)).chunks == []


async def test_markup_is_not_obeyed(synthesizer: Synthesizer) -> None:
    bare = await utter(synthesizer, "<i>one</i>")
    assert "one" in "".join(bare.words)
    phonemes = await utter(synthesizer, "[[mi:]]")
    assert len(phonemes.words) > 0
    assert not similarity(phonemes.samples, speak_now("me")[0]) > 0.95


def test_speak_now_speaks_what_the_stream_speaks() -> None:
    samples, marks = speak_now("Hello, wörld")
    assert samples.dtype == np.int16
    assert [(mark.start_char, mark.end_char) for mark in marks] == [(0, 6), (7, 12)]
    assert marks[0].start_sample == 0
    assert marks[-1].end_sample == samples.size
    assert speak_now("")[0].size == 0
