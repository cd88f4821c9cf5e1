"""Pronunciations: words are said as told, and what was heard stays what was written."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.tts import SpeechChunk, Voice, WordMark
from models.tts.pronunciation import PronouncingVoice, Pronunciations

pytestmark = pytest.mark.pure

FORMS = {"SQL": "ess queue ell", "nginx": "engine x", "New York": "the city", "AT&T": "A T and T"}
WORD_SAMPLES = 100


class WordVoice:
    """Every word takes the same time, and is marked; all in one chunk, or one each."""

    name = "words"
    rate = 16_000
    voices: Sequence[Voice] = (Voice("a", "en"),)

    def __init__(self, *, chunk_words: int = 100) -> None:
        self.chunk_words = chunk_words
        self.said = ""
        self.closed = False

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        self.said = text
        marks: list[WordMark] = []
        end_char = 0
        for number, word in enumerate(text.split()):
            start_char = text.index(word, end_char)
            end_char = start_char + len(word)
            start = number * WORD_SAMPLES
            marks.append(WordMark(start_char, end_char, start, start + WORD_SAMPLES))
        for first in range(0, len(marks), self.chunk_words):
            some = marks[first : first + self.chunk_words]
            yield SpeechChunk(np.zeros(WORD_SAMPLES * len(some), np.int16), tuple(some))

    async def close(self) -> None:
        self.closed = True


def said(text: str) -> str:
    return Pronunciations(FORMS).respelt(text).text


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Use SQL.", "Use ess queue ell."),
        ("sql and NGINX", "ess queue ell and engine x"),
        ("MySQL is not it", "MySQL is not it"),
        ("in New York, now", "in the city, now"),
        ("call AT&T!", "call A T and T!"),
        ("", ""),
    ],
)
def test_whole_words_are_replaced(written: str, spoken: str) -> None:
    assert said(written) == spoken


def test_no_forms_change_nothing() -> None:
    assert Pronunciations({}).respelt("as it is").text == "as it is"


@pytest.mark.parametrize("chunk_words", [1, 2, 100])
async def test_marks_speak_of_the_written_words(chunk_words: int) -> None:
    written = "Ask SQL, or nginx now"
    voice = WordVoice(chunk_words=chunk_words)
    marks: list[WordMark] = []
    async with aclosing(PronouncingVoice(voice, FORMS).speak(written)) as chunks:
        async for chunk in chunks:
            marks += chunk.marks
    assert voice.said == "Ask ess queue ell, or engine x now"
    heard = [(written[mark.start_char : mark.end_char], mark.start_sample) for mark in marks]
    assert heard[0] == ("Ask", 0)
    assert heard[1] == ("SQL", 100)
    assert ("or", 400) in heard
    assert ("nginx", 500) in heard
    assert heard[-1] == ("now", 700)


@given(st.lists(st.sampled_from(["SQL", "nginx", "New York", "tea", "AT&T", "."]), max_size=8))
@settings(max_examples=60)
def test_every_spoken_character_has_a_written_one(words: list[str]) -> None:
    written = " ".join(words)
    respelt = Pronunciations(FORMS).respelt(written)
    last = 0
    for char in range(len(respelt.text)):
        mark = respelt.written_mark(WordMark(char, char + 1, 0, 1))
        assert last <= mark.start_char < mark.end_char <= len(written)
        last = mark.start_char
        if mark.end_char - mark.start_char == 1 and respelt.text[char] not in "Tx":
            assert written[mark.start_char] == respelt.text[char]


async def test_the_rest_is_the_voices() -> None:
    voice = WordVoice()
    wrapped = PronouncingVoice(voice, FORMS)
    assert (wrapped.name, wrapped.rate, wrapped.voices) == ("words", 16_000, voice.voices)
    await wrapped.close()
    assert voice.closed
