"""The shelf: any voice when it is asked for, few in memory, and never silence."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from models.errors import ModelError
from models.tts import SpeechChunk, Voice, WordMark
from models.tts.voice_shelf import VoiceShelf

pytestmark = pytest.mark.pure

FILE_BYTES = 1000


class ToneVoice:
    """Says one second of its own value at its own rate, with a mark in the middle."""

    def __init__(self, name: str, rate: int, value: int) -> None:
        self.name = name
        self.rate = rate
        self.voices: Sequence[Voice] = (Voice(name, "en"),)
        self.value = value
        self.closed = False
        self.asked: str | None = None

    async def speak(
        self, text: str, *, voice: str | None = None, speed: float = 1.0, urgent: bool = False
    ) -> AsyncGenerator[SpeechChunk, None]:
        self.asked = voice
        samples = np.full(self.rate, self.value, np.int16)
        mark = WordMark(0, len(text), self.rate // 2, self.rate)
        yield SpeechChunk(samples[: self.rate // 2])
        yield SpeechChunk(samples[self.rate // 2 :], (mark,))

    async def close(self) -> None:
        self.closed = True


class Studio:
    """A shelf over files that are no voices, and everything that was loaded from them."""

    def __init__(self, folder: Path, *, room_for: int) -> None:
        self.made: dict[str, ToneVoice] = {}
        self.loads: list[str] = []
        paths: dict[str, Path | None] = {name: folder / name for name in ("b", "c", "broken")}
        for path in paths.values():
            assert path is not None
            path.write_bytes(bytes(FILE_BYTES))
        self.first = ToneVoice("a", 16_000, 1000)
        self.shelf = VoiceShelf(
            self.first,
            {**paths, "absent": None},
            self._load,
            listed=[Voice("b", "en"), Voice("c", "en")],
            bytes_max=room_for * FILE_BYTES,
        )

    def _load(self, path: Path) -> ToneVoice:
        self.loads.append(path.name)
        if path.name == "broken":
            raise ModelError("it is broken")
        self.made[path.name] = ToneVoice(path.name, 22_050, 5000)
        return self.made[path.name]

    async def heard(self, voice: str | None) -> tuple[int, int, tuple[WordMark, ...]]:
        """How many samples, which value, which marks."""
        async with aclosing(self.shelf.speak("hello", voice=voice)) as chunks:
            said = [chunk async for chunk in chunks]
        samples = np.concatenate([chunk.samples for chunk in said])
        value = int(np.median(samples))
        return samples.size, value, tuple(mark for chunk in said for mark in chunk.marks)


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path, room_for=1)


async def test_the_first_voice_is_the_default(studio: Studio) -> None:
    assert await studio.heard(None) == (16_000, 1000, (WordMark(0, 5, 8_000, 16_000),))
    assert [voice.id for voice in studio.shelf.voices] == ["a", "b", "c"]
    assert studio.loads == []


async def test_other_voices_come_at_the_rate_of_the_first(studio: Studio) -> None:
    samples, value, (mark,) = await studio.heard("b#high")
    assert abs(samples - 16_000) <= 1
    assert value == pytest.approx(5000, abs=5)
    assert mark == WordMark(0, 5, 8_000, 16_000)
    assert studio.made["b"].asked == "b#high"


async def test_a_voice_is_loaded_once_and_leaves_when_room_is_needed(studio: Studio) -> None:
    await studio.heard("b")
    await studio.heard("b")
    assert studio.loads == ["b"]
    await studio.heard("c")
    assert studio.shelf.loaded == ["c"]
    assert studio.made["b"].closed


async def test_a_voice_that_speaks_is_not_taken_away(studio: Studio) -> None:
    async with aclosing(studio.shelf.speak("hello", voice="b")) as chunks:
        await anext(chunks)
        await studio.heard("c")
        assert not studio.made["b"].closed
        assert len([chunk async for chunk in chunks]) >= 1


@pytest.mark.parametrize("voice", ["broken", "absent"])
async def test_a_voice_that_cannot_be_had_is_replaced_and_said(
    studio: Studio, caplog: pytest.LogCaptureFixture, voice: str
) -> None:
    with caplog.at_level(logging.WARNING):
        assert (await studio.heard(voice))[1] == 1000
    assert f"a speaks instead of {voice}" in caplog.text


async def test_all_are_released(studio: Studio) -> None:
    await studio.heard("b")
    await studio.shelf.close()
    assert studio.first.closed
    assert studio.made["b"].closed
    assert studio.shelf.name == "a"
