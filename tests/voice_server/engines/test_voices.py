"""More voices: real Piper files by path and by name, and a sentence for those that are not here."""

import logging
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from models.errors import ModelError
from models.hub import Hub
from models.scheduler import Scheduler
from models.tts import Synthesizer
from tests.support.piper_voice import write_piper_voice
from voice_server.engines.loading import Loader
from voice_server.engines.plans import Plan
from voice_server.settings import load

pytestmark = pytest.mark.engine

NAMED = "en_US-ljspeech-medium"


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    await scheduler.close()


async def loaded(scheduler: Scheduler, folder: Path, *voices: str) -> Synthesizer:
    first = write_piper_voice(folder, name="first")
    listed = ", ".join(f'"{voice}"' for voice in voices)
    settings = load(None, [f"tts.voices=[{listed}]", 'tts.pronunciations={tea="coffee coffee"}'])
    hub = Hub(cache_dir=folder, offline=True)
    return await Loader(settings, hub, scheduler).synthesizer(Plan("tts", "piper", "", path=first))


async def samples_of(synthesizer: Synthesizer, text: str, voice: str | None) -> bytes:
    async with aclosing(synthesizer.speak(text, voice=voice)) as chunks:
        return b"".join([chunk.samples.tobytes() async for chunk in chunks])


async def test_voices_by_file_and_by_name_speak(scheduler: Scheduler, tmp_path: Path) -> None:
    other = write_piper_voice(tmp_path, name="second", speakers=2)
    (tmp_path / "piper").mkdir()
    write_piper_voice(tmp_path / "piper", name=NAMED)
    synthesizer = await loaded(scheduler, tmp_path, str(other), NAMED)
    ids = [voice.id for voice in synthesizer.voices]
    assert ids == ["first", "second#low", "second#high", NAMED]
    said = [await samples_of(synthesizer, "one", voice) for voice in ids]
    assert said[0] == said[1] == said[3]
    assert said[1] != said[2]
    longer = await samples_of(synthesizer, "tea", None)
    assert longer == await samples_of(synthesizer, "coffee coffee", None)
    await synthesizer.close()


async def test_a_voice_that_is_not_here_is_named_and_replaced(
    scheduler: Scheduler, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        synthesizer = await loaded(scheduler, tmp_path, NAMED)
    assert f"The voice {NAMED} is not here" in caplog.text
    default = await samples_of(synthesizer, "one", None)
    assert await samples_of(synthesizer, "one", NAMED) == default
    await synthesizer.close()


async def test_a_name_that_can_be_no_voice_is_a_mistake(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="No voice is called 'lessac'"):
        await loaded(scheduler, tmp_path, "lessac")
