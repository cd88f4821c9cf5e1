"""A voice that remembers: the second time costs nothing and sounds the same."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import numpy as np
import pytest

from models.tts import SpeechChunk, SynthesisError, Voice, WordMark
from models.tts.phrases import PHRASE_CHARS_MAX, PhraseMemory

pytestmark = pytest.mark.pure

CHUNK = SpeechChunk(np.arange(100, dtype=np.int16), (WordMark(0, 2, 0, 100),))


class CountingVoice:
    """Says two chunks, and counts."""

    name = "counting"
    rate = 16_000
    voices: Sequence[Voice] = (Voice("a", "en"),)

    def __init__(self) -> None:
        self.said: list[tuple[str, str | None, float]] = []
        self.closed = False

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        self.said.append((text, voice, speed))
        yield CHUNK
        if text == "fail":
            raise SynthesisError("No.")
        yield CHUNK

    async def close(self) -> None:
        self.closed = True


async def hear(memory: PhraseMemory, text: str, **how: object) -> list[SpeechChunk]:
    async with aclosing(memory.speak(text, **how)) as chunks:  # type: ignore[arg-type]
        return [chunk async for chunk in chunks]


async def test_what_was_said_is_said_again_without_the_voice() -> None:
    voice = CountingVoice()
    memory = PhraseMemory(voice, 10_000)
    assert await hear(memory, "Hello.") == await hear(memory, "Hello.") == [CHUNK, CHUNK]
    assert len(voice.said) == 1
    await hear(memory, "Hello.", speed=1.5)
    await hear(memory, "Hello.", voice="a")
    assert len(voice.said) == 3


async def test_only_what_was_said_to_its_end_is_remembered() -> None:
    voice = CountingVoice()
    memory = PhraseMemory(voice, 10_000)
    async with aclosing(memory.speak("Hello.")) as chunks:
        await anext(chunks)
    with pytest.raises(SynthesisError):
        await hear(memory, "fail")
    await hear(memory, "Hello.")
    with pytest.raises(SynthesisError):
        await hear(memory, "fail")
    assert len(voice.said) == 4


async def test_memory_is_bounded_and_the_oldest_leaves() -> None:
    voice = CountingVoice()
    memory = PhraseMemory(voice, 2 * 400)
    for text in ("a", "b", "a", "c", "a", "b"):
        await hear(memory, text)
    assert [text for text, *_ in voice.said] == ["a", "b", "c", "b"]


@pytest.mark.parametrize(("text", "bytes_max"), [("x" * (PHRASE_CHARS_MAX + 1), 10_000), ("x", 0)])
async def test_long_clauses_and_no_memory(text: str, bytes_max: int) -> None:
    voice = CountingVoice()
    memory = PhraseMemory(voice, bytes_max)
    assert await hear(memory, text) == await hear(memory, text)
    assert len(voice.said) == 2


async def test_it_is_the_voice_in_everything_else() -> None:
    voice = CountingVoice()
    memory = PhraseMemory(voice, 1)
    assert (memory.name, memory.rate, memory.voices) == (voice.name, voice.rate, voice.voices)
    await memory.close()
    assert voice.closed
