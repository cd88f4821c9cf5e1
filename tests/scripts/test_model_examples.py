"""The README's settings files: each loads, names models that exist, and fits the GPU it is for."""

import re
from pathlib import Path

import pytest

from models.catalog import any_model, llm_models
from models.memory_needs import vllm_gpu_memory
from tests.support.server import ROOT
from voice_server.engines.machine import Gpu, Machine
from voice_server.engines.suggestion import suggestion
from voice_server.settings import Settings, load

pytestmark = pytest.mark.pure

EXAMPLES = ROOT / "scripts" / "examples"
FILES = [EXAMPLES / "laptop.toml", *sorted(EXAMPLES.glob("gpu-*.toml"))]
each_file = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def gpu_gb(file: Path) -> int:
    found = re.fullmatch(r"gpu-(\d+)gb", file.stem)
    return int(found[1]) if found else 0


def llm_of(settings: Settings) -> str:
    return settings.llm.engine.removeprefix("vllm:")


@each_file
def test_every_model_is_in_the_catalogue(file: Path) -> None:
    settings = load(file, [])
    for name in (settings.asr.engine, settings.tts.engine, *settings.tts.voices):
        assert any_model(name).size_mb, name
    if gpu_gb(file):
        assert llm_of(settings) in llm_models()


@each_file
def test_it_fits_the_gpu(file: Path) -> None:
    settings = load(file, [])
    if not gpu_gb(file):
        assert not settings.llm.engine.startswith("vllm:")
        return
    share_gb = gpu_gb(file) * settings.llm.vllm.gpu_memory
    weights_bytes = llm_models()[llm_of(settings)].size_mb * 1_000_000
    assert vllm_gpu_memory(weights_bytes) / 1e9 <= share_gb
    suggested = suggestion(Machine(8, 32.0, (Gpu("a card", gpu_gb(file)),)))
    assert (suggested.asr, suggested.llm) == (settings.asr.engine, settings.llm.engine)
    assert suggested.llm_gpu_memory is not None
    assert settings.llm.vllm.gpu_memory <= suggested.llm_gpu_memory


def test_the_readme_shows_them_all() -> None:
    readme = (ROOT / "README.md").read_text()
    assert len(FILES) == 4
    assert [file.name for file in FILES if f"scripts/examples/{file.name}" not in readme] == []
