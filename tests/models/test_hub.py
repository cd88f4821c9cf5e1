"""The hub: what is here is found, what is there is fetched, and what fails is said in a sentence.

The real `huggingface_hub` talks to a stand-in hub over loopback.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import huggingface_hub
import pytest

from models.catalog import (
    VOICE_REPO,
    AsrModel,
    VoiceModel,
    asr_model,
    llm_models,
    voice_model,
)
from models.errors import ModelError
from models.hub import Hub, bundled_asr
from tests.support.hub import StandInHub, black_hole, closed_port, stand_in_hub

pytestmark = pytest.mark.socket

REPO = "voice-server-test/faster-whisper-tiny"
MODEL = AsrModel("test", REPO, ("en",), 7, "short", "Apache-2.0")
VOICE = voice_model("en_US-ljspeech-medium")


@pytest.fixture
async def whisper_repo() -> AsyncIterator[StandInHub]:
    files = {path.name: path.read_bytes() for path in bundled_asr().iterdir()}
    async with stand_in_hub(StandInHub({REPO: {**files, "README.md": b"not needed"}})) as hub:
        yield hub


@pytest.fixture
async def voice_repo() -> AsyncIterator[StandInHub]:
    files = {VOICE.path: b"onnx" * 50_000, f"{VOICE.path}.json": b"{}", "voices.json": b"{}"}
    async with stand_in_hub(StandInHub({VOICE_REPO: files})) as hub:
        yield hub


async def find_asr(hub: Hub) -> Path | None:
    return await asyncio.to_thread(hub.find_asr, MODEL)


async def fetch_asr(hub: Hub, model: AsrModel = MODEL) -> Path:
    return await asyncio.to_thread(hub.fetch_asr, model)


async def fetch_voice(hub: Hub, voice: VoiceModel = VOICE) -> Path:
    return await asyncio.to_thread(hub.fetch_voice, voice)


async def test_a_recogniser_is_fetched_once_and_found_again(
    whisper_repo: StandInHub, tmp_path: Path
) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=whisper_repo.url)
    assert await find_asr(hub) is None
    folder = await fetch_asr(hub)
    assert (folder / "model.bin").read_bytes() == (bundled_asr() / "model.bin").read_bytes()
    assert not (folder / "README.md").exists()
    assert await find_asr(hub) == folder
    assert await fetch_asr(hub) == folder
    assert whisper_repo.asked["model.bin"] == 1


async def test_a_voice_is_fetched_with_its_configuration(
    voice_repo: StandInHub, tmp_path: Path
) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=voice_repo.url)
    assert hub.find_voice(VOICE) is None
    path = await fetch_voice(hub)
    assert path.name == f"{VOICE.id}.onnx"
    assert path.with_name(f"{path.name}.json").read_bytes() == b"{}"
    assert hub.find_voice(VOICE) == path
    assert voice_repo.asked["voices.json"] == 0


async def test_a_cut_download_goes_on_where_it_stopped(
    voice_repo: StandInHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 10_000)
    voice_repo.cut_after_bytes = 100_000
    path = await fetch_voice(Hub(cache_dir=tmp_path, endpoint=voice_repo.url))
    assert path.read_bytes() == voice_repo.repos[VOICE_REPO][VOICE.path]
    assert voice_repo.asked["range"] == 1


def test_voices_of_pipers_own_downloader_are_found(tmp_path: Path) -> None:
    hub = Hub(cache_dir=tmp_path)
    flat = hub.voices_dir / f"{VOICE.id}.onnx"
    flat.parent.mkdir()
    flat.write_bytes(b"onnx")
    assert hub.find_voice(VOICE) is None, "its configuration is missing"
    flat.with_name(f"{flat.name}.json").write_bytes(b"{}")
    assert hub.find_voice(VOICE) == flat


def test_the_bundled_recogniser_is_always_here(tmp_path: Path) -> None:
    assert Hub(cache_dir=tmp_path, offline=True).find_asr(asr_model("bundled")) == bundled_asr()


async def test_an_incomplete_recogniser_is_not_found(
    whisper_repo: StandInHub, tmp_path: Path
) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=whisper_repo.url)
    folder = await fetch_asr(hub)
    (folder / "model.bin").unlink()
    assert await find_asr(hub) is None
    assert await fetch_asr(hub) == folder
    assert await find_asr(hub) == folder


async def test_a_model_for_another_engine_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    files = {"config.json": b"{}", "model.safetensors": b"weights"}
    async with stand_in_hub(StandInHub({REPO: files})) as server:
        hub = Hub(cache_dir=tmp_path, endpoint=server.url)
        with pytest.raises(ModelError, match=r"has no model\.bin.*format of CTranslate2"):
            await fetch_asr(hub)
        assert server.asked["config.json"] == 0


async def test_what_is_here_is_compared_byte_by_byte(
    whisper_repo: StandInHub, tmp_path: Path
) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=whisper_repo.url)
    folder = await fetch_asr(hub)
    assert set(hub.verify(MODEL, folder).values()) == {"intact"}
    weights = (folder / "model.bin").resolve()
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    states = hub.verify(MODEL, folder)
    assert [file.name for file, state in states.items() if state == "damaged"] == ["model.bin"]


async def test_a_voice_is_compared_with_what_was_noted(
    voice_repo: StandInHub, tmp_path: Path
) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=voice_repo.url)
    path = await fetch_voice(hub)
    assert set(hub.verify(VOICE, path).values()) == {"intact"}
    path.write_bytes(b"other")
    assert hub.verify(VOICE, path)[path] == "damaged"


async def test_what_a_copied_voice_should_be_is_asked_of_the_hub(
    voice_repo: StandInHub, tmp_path: Path
) -> None:
    """As Piper's own downloader leaves them: side by side, and nothing noted."""
    hub = Hub(cache_dir=tmp_path, endpoint=voice_repo.url)
    flat = hub.voices_dir / f"{VOICE.id}.onnx"
    flat.parent.mkdir()
    _, described = hub.files(VOICE, flat)
    for path, content in ((flat, b"onnx" * 50_000), (described, b"other")):
        path.write_bytes(content)
    assert set(hub.verify(VOICE, flat).values()) == {"unknown"}
    states = await asyncio.to_thread(hub.verify, VOICE, flat, ask=True)
    assert states == {flat: "intact", described: "damaged"}
    voice_repo.status = 503
    states = await asyncio.to_thread(hub.verify, VOICE, flat, ask=True)
    assert set(states.values()) == {"unknown"}


def test_what_we_bring_along_is_what_we_made(tmp_path: Path) -> None:
    states = Hub(cache_dir=tmp_path).verify(asr_model("bundled"), bundled_asr())
    assert {file.name: state for file, state in states.items()}["model.bin"] == "intact"
    assert set(states.values()) == {"intact"}


async def test_what_arrives_damaged_is_deleted(voice_repo: StandInHub, tmp_path: Path) -> None:
    voice_repo.damaged = frozenset({VOICE.path})
    hub = Hub(cache_dir=tmp_path, endpoint=voice_repo.url)
    with pytest.raises(ModelError, match=r"onnx did not arrive as it was published.*deleted"):
        await fetch_voice(hub)
    assert hub.find_voice(VOICE) is None
    voice_repo.damaged = frozenset()
    assert hub.find_voice(VOICE) is None
    assert await fetch_voice(hub) == hub.find_voice(VOICE)


async def test_a_damaged_recogniser_does_not_stay_in_the_shared_cache(
    whisper_repo: StandInHub, tmp_path: Path
) -> None:
    whisper_repo.damaged = frozenset({"model.bin"})
    hub = Hub(cache_dir=tmp_path, endpoint=whisper_repo.url)
    with pytest.raises(ModelError, match=r"model\.bin did not arrive"):
        await fetch_asr(hub)
    assert await find_asr(hub) is None
    whisper_repo.damaged = frozenset()
    assert await fetch_asr(hub) == await find_asr(hub)


async def test_no_byte_is_fetched_for_a_disk_that_is_full(
    whisper_repo: StandInHub, voice_repo: StandInHub, tmp_path: Path
) -> None:
    whisper_repo.claimed_bytes = {"model.bin": 10**15}
    voice_repo.claimed_bytes = {VOICE.path: 10**15}
    with pytest.raises(ModelError, match=r"test needs 1e\+03 TB.*room for .* models\.cache_dir"):
        await fetch_asr(Hub(cache_dir=tmp_path / "asr", endpoint=whisper_repo.url))
    with pytest.raises(ModelError, match=r"ljspeech-medium needs .* room for"):
        await fetch_voice(Hub(cache_dir=tmp_path / "tts", endpoint=voice_repo.url))
    assert whisper_repo.asked["model.bin"] == voice_repo.asked[VOICE.path] == 0


async def test_a_language_model_is_fetched_without_what_vllm_does_not_read(tmp_path: Path) -> None:
    model = llm_models()["Qwen/Qwen3-4B-AWQ"]
    files = {"config.json": b"{}", "model.safetensors": b"weights", "model.gguf": b"other"}
    async with stand_in_hub(StandInHub({model.repo: files})) as server:
        hub = Hub(cache_dir=tmp_path, endpoint=server.url)
        assert hub.find(model) is None
        folder = await asyncio.to_thread(hub.fetch, model)
        assert hub.find(model) == folder
        assert [file.name for file in hub.files(model, folder)] == [
            "config.json",
            "model.safetensors",
        ]


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (401, "does not exist or needs a token.*hf auth login"),
        (403, "answers 403, so .* needs a token"),
        (503, "answers 503.*--offline"),
        (404, "Check the name"),
    ],
)
async def test_refusals_are_explained(
    whisper_repo: StandInHub, tmp_path: Path, status: int, sentence: str
) -> None:
    whisper_repo.status = status
    with pytest.raises(ModelError, match=f"test cannot be fetched.*{sentence}"):
        await fetch_asr(Hub(cache_dir=tmp_path, endpoint=whisper_repo.url))


async def test_a_voice_that_the_hub_lacks_is_named(voice_repo: StandInHub, tmp_path: Path) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=voice_repo.url)
    with pytest.raises(ModelError, match=r"xx_XX-nobody-low cannot be fetched.*Check the name"):
        await fetch_voice(hub, voice_model("xx_XX-nobody-low"))


async def test_a_hub_that_answers_is_reachable(whisper_repo: StandInHub) -> None:
    assert await Hub(endpoint=whisper_repo.url).unreachable() is None


async def test_a_closed_port_is_unreachable() -> None:
    url = await closed_port()
    assert await Hub(endpoint=url).unreachable() == f"{url} cannot be reached"


async def test_a_silent_hub_costs_the_timeout_and_no_more() -> None:
    async with black_hole() as url:
        hub = Hub(endpoint=url, timeout_s=0.05)
        assert await hub.unreachable() == f"{url} does not answer within 0.05 s"
        assert await hub.unreachable() == f"{url} does not answer within 0.05 s"


async def test_the_hub_is_asked_only_once(whisper_repo: StandInHub) -> None:
    hub = Hub(endpoint=whisper_repo.url)
    first = await asyncio.gather(*(hub.unreachable() for _ in range(3)))
    whisper_repo.status = 503
    assert [*first, await hub.unreachable()] == [None] * 4


async def test_offline_never_touches_the_network(whisper_repo: StandInHub, tmp_path: Path) -> None:
    hub = Hub(cache_dir=tmp_path, endpoint=whisper_repo.url, offline=True)
    assert await hub.unreachable() == "the hub must not be asked (offline)"
    assert await find_asr(hub) is None
    assert not whisper_repo.asked


async def test_a_useless_address_is_unreachable() -> None:
    assert await Hub(endpoint="http://").unreachable() == "http: cannot be reached"
