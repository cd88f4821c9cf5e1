"""The look before loading: files that are here, files to be fetched, and what is refused."""

import logging
from pathlib import Path

import pytest

from models.errors import ModelError
from models.hub import Hub
from tests.support.piper_voice import write_piper_voice
from voice_server.engines import load_engines, memory_check
from voice_server.engines.machine import Gpu, Machine
from voice_server.engines.memory_check import look_for_memory, require_memory
from voice_server.engines.plans import Findings, plan_all
from voice_server.settings import Settings, load

pytestmark = pytest.mark.engine

PACKAGES = frozenset({"piper"})
OFFLINE = ("models.offline=true", "llm.engine=offline", "asr.device=cpu", "asr.compute_type=int8")


@pytest.fixture
def hub(tmp_path: Path) -> Hub:
    return Hub(cache_dir=tmp_path / "cache", offline=True)


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with 500 MB to spare, and a GPU."""
    machine = Machine(4, 8.0, (Gpu("card", 24.0, 24 * 10**9),), 500_000_000)
    monkeypatch.setattr(memory_check, "look_at_machine", lambda: machine)


def settings_of(*assignments: str) -> Settings:
    return load(None, [*OFFLINE, *assignments])


async def lacking(hub: Hub, *assignments: str) -> str:
    settings = settings_of(*assignments)
    plans = plan_all(settings, Findings(packages=PACKAGES))
    return (await look_for_memory(settings, plans, hub)).lacking


@pytest.mark.usefixtures("free")
async def test_what_would_be_fetched_is_known_from_the_catalogue(hub: Hub) -> None:
    assert await lacking(hub, "asr.engine=tiny", "tts.engine=espeak") == ""
    assert "asr medium in int8, 2 copies: 3.36 GB" in await lacking(hub, "asr.engine=medium")
    assert "tts en_US-ljspeech-high" in await lacking(
        hub, "asr.engine=small", "tts.engine=en_US-ljspeech-high"
    )


@pytest.mark.usefixtures("free")
async def test_what_is_here_is_looked_at(hub: Hub, tmp_path: Path) -> None:
    voice = write_piper_voice(tmp_path)
    folder = tmp_path / "mine"
    folder.mkdir()
    with (folder / "model.bin").open("wb") as file:
        file.truncate(600_000_000)
    more = f'tts.voices=["{voice}", "en_US-amy-medium"]'
    said = await lacking(hub, f"asr.engine={folder}", f"tts.engine={voice}", more)
    assert "asr mine in int8, 2 copies: 1.5 GB" in said
    assert "tts tones and others: 134 MB" in said


@pytest.mark.usefixtures("free")
async def test_the_weights_for_vllm(hub: Hub, tmp_path: Path) -> None:
    folder = tmp_path / "llm"
    folder.mkdir()
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(20_000_000_000)
    others = ("asr.engine=scripted", "tts.engine=espeak")
    for model in (folder, "Qwen/Qwen3-32B-AWQ"):
        said = await lacking(hub, f"llm.engine=vllm:{model}", *others)
        assert f"Not enough memory for vllm:{model}" in said
    assert "weights" not in await lacking(hub, "llm.engine=vllm:some/other", *others)


@pytest.mark.usefixtures("free")
async def test_what_was_asked_for_is_refused_before_anything_is_loaded(hub: Hub) -> None:
    settings = settings_of("asr.engine=medium", "tts.engine=espeak", "models.offline=false")
    with pytest.raises(ModelError, match=r"Not enough memory: about 3\.36 GB are needed"):
        await require_memory(settings, plan_all(settings, Findings()), hub)
    tried = settings_of("asr.engine=medium", "models.memory_check=false")
    await require_memory(tried, plan_all(tried, Findings()), hub)


@pytest.mark.usefixtures("free")
async def test_what_auto_chose_is_only_warned_of(
    hub: Hub, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of("asr.workers=8", "tts.engine=auto")
    with caplog.at_level(logging.WARNING):
        await require_memory(settings, plan_all(settings, Findings()), hub)
    assert "Not enough memory" in caplog.text


async def test_a_server_that_does_not_fit_does_not_start(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_check, "look_at_machine", lambda: Machine(4, 8.0, (), 1_000_000))
    with pytest.raises(ModelError, match="Not enough memory"):
        await load_engines(settings_of("asr.engine=bundled", "tts.engine=espeak"), hub)
