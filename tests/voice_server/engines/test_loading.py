"""Loading: settings reach the engines, and a download ends in a model or a sentence."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from models.asr import RecognitionOptions
from models.catalog import AsrModel, asr_model
from models.errors import ModelError
from models.hub import Hub, bundled_asr
from models.llm import ChatOptions, Message, TextDelta
from models.scheduler import Scheduler
from tests.support.chat_endpoint import chat_endpoint
from tests.support.clips import load_clip
from tests.support.hub import StandInHub, stand_in_hub
from tests.support.piper_voice import write_piper_voice
from tests.support.rest import rest_client
from voice_server.engines.loading import Loader
from voice_server.engines.plans import Plan
from voice_server.settings import load

pytestmark = pytest.mark.engine


@pytest.fixture
async def scheduler() -> AsyncIterator[Scheduler]:
    scheduler = Scheduler(1)
    yield scheduler
    await scheduler.close()


def loader(scheduler: Scheduler, *assignments: str, hub: Hub | None = None) -> Loader:
    return Loader(load(None, assignments), hub or Hub(offline=True), scheduler)


async def test_what_is_here_is_not_fetched(scheduler: Scheduler) -> None:
    plan = Plan("asr", "whisper", "", model=asr_model("base"), path=bundled_asr())
    assert await loader(scheduler).fetched(plan) == plan
    assert await loader(scheduler).fetched(Plan("tts", "espeak", "")) == Plan("tts", "espeak", "")


async def test_what_is_not_here_is_fetched_or_explained(
    scheduler: Scheduler, tmp_path: Path
) -> None:
    repo = "voice-server-test/tiny"
    files = {file.name: file.read_bytes() for file in bundled_asr().iterdir()}
    async with stand_in_hub(StandInHub({repo: files})) as server:
        fetching = loader(scheduler, hub=Hub(cache_dir=tmp_path, endpoint=server.url))
        model = AsrModel("tiny", repo, ("en",), 7, "short", "Apache-2.0")
        plan = await fetching.fetched(Plan("asr", "whisper", "", model=model))
        assert plan.path is not None
        assert (await fetching.recognizer(plan)).name == "faster-whisper:tiny"
        with pytest.raises(ModelError, match="base cannot be fetched"):
            await fetching.fetched(Plan("asr", "whisper", "", model=asr_model("base")))


async def test_scripts_come_from_the_settings(scheduler: Scheduler) -> None:
    scripted = loader(
        scheduler,
        'asr.scripted.texts=["ears"]',
        'llm.scripted.texts=["tongue"]',
        "asr.scripted.final_ms=0",
        "tts.scripted.char_ms=100",
        "tts.scripted.first_chunk_ms=0",
    )
    recognizer = await scripted.recognizer(Plan("asr", "scripted", ""))
    assert (await recognizer.utterance(RecognitionOptions()).final()).text == "ears"
    chat, notice = await scripted.chat(Plan("llm", "scripted", ""))
    async with aclosing(chat.reply([Message("user", "?")], ChatOptions())) as reply:
        assert await anext(reply) == TextDelta("tongue")
    assert not notice
    voice = await scripted.synthesizer(Plan("tts", "scripted", ""))
    async with aclosing(voice.speak("x" * 10)) as chunks:
        samples = sum([len(chunk.samples) async for chunk in chunks])
    assert samples == voice.rate


async def test_an_endpoint_is_asked_for_its_model(scheduler: Scheduler) -> None:
    async with chat_endpoint(models=[{"id": "Qwen3-8B"}]) as endpoint:
        plan = Plan("llm", "endpoint", "", url=endpoint.url)
        chat, notice = await loader(scheduler).chat(plan)
        assert (chat.name, notice) == ("openai:Qwen3-8B", "")
        await chat.close()
        named, _ = await loader(scheduler, "llm.model=mine").chat(plan)
        assert named.name == "openai:mine"
        await named.close()


async def test_a_piper_voice_is_loaded_and_warm(scheduler: Scheduler, tmp_path: Path) -> None:
    path = write_piper_voice(tmp_path, name="mine")
    voice = await loader(scheduler).synthesizer(Plan("tts", "piper", "", path=path))
    assert voice.name == "piper:mine"
    await voice.close()


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("tts.voice=klingon", "espeak-ng:en-us cannot be used: .*klingon"),
        ("asr.language=de", "faster-whisper:bundled cannot be used: .*English only"),
    ],
)
async def test_warming_up_finds_what_the_engine_cannot_do(
    scheduler: Scheduler, assignment: str, sentence: str
) -> None:
    warm = loader(scheduler, assignment)
    bundled = Plan("asr", "whisper", "", model=asr_model("bundled"), path=bundled_asr())
    with pytest.raises(ModelError, match=sentence):
        await warm.recognizer(bundled)
        await warm.synthesizer(Plan("tts", "espeak", ""))


async def test_speech_servers_elsewhere_listen_and_speak(scheduler: Scheduler) -> None:
    async with rest_client('asr.scripted.texts=["far ears"]') as client:
        url = str(client.make_url("/v1"))
        elsewhere = loader(scheduler, 'tts.pronunciations={tea="coffee"}')
        recognizer = await elsewhere.recognizer(Plan("asr", "endpoint", "", url=url))
        utterance = recognizer.utterance(RecognitionOptions())
        utterance.feed(load_clip("question"))
        assert "far" in (await utterance.final()).text.casefold()
        synthesizer = await elsewhere.synthesizer(Plan("tts", "endpoint", "", url=url))
        async with aclosing(synthesizer.speak("Some tea.")) as chunks:
            assert [chunk async for chunk in chunks]
        await recognizer.close()
        await synthesizer.close()
