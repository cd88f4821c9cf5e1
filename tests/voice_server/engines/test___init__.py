"""Engines: chosen, fetched, loaded and warm, from a hub, from this machine or from nothing."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from audio import SAMPLE_RATE
from models.asr import RecognitionOptions
from models.catalog import VOICE_REPO, asr_model, voice_model
from models.errors import ModelError
from models.hub import Hub, bundled_asr
from tests.support.hub import StandInHub, closed_port, stand_in_hub
from tests.support.piper_voice import write_piper_voice
from voice_server.engines import Engines, load_engines
from voice_server.engines.plans import FETCHED_ON_CPU, VOICES
from voice_server.settings import load

pytestmark = pytest.mark.engine

SCRIPTED = ("asr.engine=scripted", "llm.engine=scripted", "tts.engine=scripted")
Loading = Callable[..., Awaitable[Engines]]


@pytest.fixture
async def loading(tmp_path: Path) -> AsyncIterator[Loading]:
    """Load with empty caches, and no hub unless a test provides one."""
    nowhere = await closed_port()
    loaded: list[Engines] = []

    async def start(*assignments: str, endpoint: str = nowhere, offline: bool = False) -> Engines:
        settings = load(None, ["llm.engine=offline", "asr.device=cpu", *assignments])
        hub = Hub(cache_dir=tmp_path / "cache", endpoint=endpoint, offline=offline)
        loaded.append(await load_engines(settings, hub))
        return loaded[-1]

    yield start
    for engines in loaded:
        await engines.close()


def names(engines: Engines) -> list[str]:
    return [choice.name for choice in engines.choices]


async def test_voice_and_recogniser_share_the_cores_unless_the_voice_has_its_own(
    loading: Loading,
) -> None:
    together, apart = await loading(*SCRIPTED), await loading(*SCRIPTED, "tts.workers=3")
    assert together.schedulers == (together.scheduler,)
    assert [scheduler.workers for scheduler in apart.schedulers] == [2, 3]


async def test_scripted_engines_do_no_model_work(loading: Loading) -> None:
    engines = await loading(*SCRIPTED, 'asr.scripted.texts=["one", "two"]')
    assert names(engines) == ["scripted"] * 3
    utterance = engines.recognizer.utterance(RecognitionOptions())
    assert (await utterance.final()).text == "one", "warming up must not use up the script"


async def test_offline_ends_at_engines_that_are_always_here(
    loading: Loading, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    engines = await loading(offline=True)
    asr, llm, tts = engines.choices
    assert (asr.role, llm.role, tts.role) == ("asr", "llm", "tts")
    assert asr.name.startswith("pocketsphinx")
    assert str(asr) == (
        f"asr: {asr.name}, because no Whisper model is on this machine and the hub must not be "
        "asked (offline)"
    )
    assert tts.name.startswith("espeak")
    assert all(str(choice) in caplog.messages for choice in engines.choices)
    assert all(notice in caplog.messages for notice in (asr.notice, llm.notice))


async def test_the_bundled_recogniser_is_ready_to_hear(loading: Loading) -> None:
    engines = await loading("asr.engine=bundled", "tts.engine=espeak")
    assert names(engines)[0] == "faster-whisper:bundled"
    assert "deaf to people" in engines.choices[0].notice
    utterance = engines.recognizer.utterance(RecognitionOptions())
    utterance.feed(np.zeros(SAMPLE_RATE, np.int16))
    assert (await utterance.final()).text == ""
    utterance.close()


async def test_a_recogniser_and_a_voice_are_fetched(loading: Loading, tmp_path: Path) -> None:
    voice = write_piper_voice(tmp_path)
    path = voice_model(VOICES[0]).path
    settings = voice.with_name(f"{voice.name}.json")
    voices = {path: voice.read_bytes(), f"{path}.json": settings.read_bytes()}
    repo = asr_model(FETCHED_ON_CPU).repo
    assert repo is not None
    files = {file.name: file.read_bytes() for file in bundled_asr().iterdir()}
    async with stand_in_hub(StandInHub({repo: files, VOICE_REPO: voices})) as hub:
        engines = await loading(endpoint=hub.url)
    assert names(engines)[0] == f"faster-whisper:{FETCHED_ON_CPU}"
    assert names(engines)[2] == f"piper:{VOICES[0]}"
    again = await loading()
    assert [choice.reason for choice in again.choices[::2]] == ["it is on this machine"] * 2


async def test_auto_gives_way_when_the_hub_lets_it_down(loading: Loading) -> None:
    async with stand_in_hub(StandInHub({}, status=403)) as hub:
        engines = await loading(endpoint=hub.url)
    assert names(engines)[0].startswith("pocketsphinx")
    assert "base cannot be fetched" in engines.choices[0].reason
    assert names(engines)[2].startswith("espeak")


@pytest.mark.parametrize(
    ("assignment", "sentence"),
    [
        ("asr.engine=smal", "Did you mean small"),
        ("asr.engine=small", r"small \(486 MB\) is not on this machine and http.* cannot be"),
        ("asr.engine=/nowhere", "/nowhere"),
        ("tts.engine=en_US-amy-medium", "is not on this machine"),
        ("tts.engine=/nowhere.onnx", r"/nowhere\.onnx"),
        ("tts.voice=klingon", "klingon"),
        ("llm.engine=gpt", "use auto, offline, scripted"),
        ("llm.engine=http://", "an LLM address looks like"),
    ],
)
async def test_what_cannot_be_loaded_is_named(
    loading: Loading, assignment: str, sentence: str
) -> None:
    with pytest.raises(ModelError, match=sentence):
        await loading("asr.engine=bundled", "tts.engine=espeak", assignment)


async def test_a_language_model_that_does_not_answer_yet_is_no_reason_to_stop(
    loading: Loading,
) -> None:
    url = f"{await closed_port()}/v1"
    engines = await loading("asr.engine=bundled", "tts.engine=espeak", f"llm.engine={url}")
    assert engines.choices[1].name == "openai:auto"
    assert "cannot be reached" in engines.choices[1].notice
