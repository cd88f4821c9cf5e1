"""Looking around: what is on this machine is found, without loading or asking further."""

from pathlib import Path

import pytest
from yarl import URL

from models.errors import ModelError
from models.hub import Hub, bundled_asr
from models.llm.chat_endpoints import LOCAL_PORTS
from tests.support.chat_endpoint import chat_endpoint
from voice_server.engines.findings import has_gpu, look_around
from voice_server.engines.plans import Findings
from voice_server.settings import AsrSettings, load

pytestmark = pytest.mark.engine

VOICE = "en_US-ljspeech-medium"


async def found(cache_dir: Path, *assignments: str) -> Findings:
    settings = load(None, ["llm.engine=offline", *assignments])
    return await look_around(settings, Hub(cache_dir=cache_dir, offline=True))


def put_voice(cache_dir: Path, voice_id: str) -> Path:
    path = cache_dir / "piper" / f"{voice_id}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"onnx")
    path.with_name(f"{path.name}.json").write_bytes(b"{}")
    return path


async def test_an_empty_cache_still_has_the_bundled_recogniser(tmp_path: Path) -> None:
    assert await found(tmp_path) == Findings(
        asr={"bundled": bundled_asr()},
        packages=frozenset({"piper", "pocketsphinx"}),
        gpu=has_gpu(AsrSettings()),
    )


async def test_only_what_was_asked_for_is_looked_for(tmp_path: Path) -> None:
    put_voice(tmp_path, VOICE)
    asked = await found(tmp_path, "asr.engine=scripted", "tts.engine=espeak")
    assert not asked.asr
    assert not asked.voices
    assert (await found(tmp_path, "asr.engine=bundled")).asr == {"bundled": bundled_asr()}


async def test_voices_of_the_catalogue_are_found(tmp_path: Path) -> None:
    path = put_voice(tmp_path, VOICE)
    assert (await found(tmp_path)).voices == {VOICE: path}


async def test_a_voice_beyond_the_catalogue_is_looked_for_by_name(tmp_path: Path) -> None:
    path = put_voice(tmp_path, "xx_XX-nobody-low")
    assert not (await found(tmp_path)).voices
    named = await found(tmp_path, "tts.engine=xx_XX-nobody-low")
    assert named.voices == {"xx_XX-nobody-low": path}


@pytest.mark.parametrize("assignment", ["asr.engine=smal", "tts.engine=en_US_lessac"])
async def test_a_name_that_means_nothing_is_refused(tmp_path: Path, assignment: str) -> None:
    with pytest.raises(ModelError, match="Did you mean"):
        await found(tmp_path, assignment)


async def test_a_language_model_on_this_machine_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with chat_endpoint() as endpoint:
        port = URL(endpoint.url).port
        for server in LOCAL_PORTS:
            monkeypatch.setitem(LOCAL_PORTS, server, port)
        here = await found(tmp_path, "llm.engine=auto", "server.port=0")
        assert here.llm is not None
        assert here.llm[1] == endpoint.url
        ourselves = await found(tmp_path, "llm.engine=auto", f"server.port={port}")
        assert ourselves.llm is None, "we are not our own language model"


def test_the_processor_is_used_when_asked_for() -> None:
    assert not has_gpu(AsrSettings(device="cpu"))
