"""Suggestions: over a table of machines, and for any machine something that fits and loads."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.catalog import any_model
from voice_server.engines.machine import Gpu, Machine
from voice_server.engines.suggestion import suggestion
from voice_server.settings import load

pytestmark = pytest.mark.pure


def machine(cores: int, memory_gb: float, *gpus_gb: float) -> Machine:
    return Machine(cores, memory_gb, tuple(Gpu("a card", gpu_gb) for gpu_gb in gpus_gb))


@pytest.mark.parametrize(
    ("where", "asr", "llm"),
    [
        (machine(1, 1.0), "tiny", "offline"),
        (machine(4, 4.0), "base", "offline"),
        (machine(4, 8.0), "base", "http://127.0.0.1:11434/v1"),
        (machine(8, 16.0), "small", "http://127.0.0.1:11434/v1"),
        (machine(8, 16.0, 2.0), "small", "http://127.0.0.1:11434/v1"),
        (machine(8, 16.0, 4.0), "small", "http://127.0.0.1:11434/v1"),
        (machine(8, 16.0, 8.0), "large-v3-turbo", "vllm:Qwen/Qwen3-4B-AWQ"),
        (machine(8, 32.0, 12.0), "large-v3-turbo", "vllm:Qwen/Qwen3-8B-AWQ"),
        (machine(16, 64.0, 24.0), "large-v3-turbo", "vllm:Qwen/Qwen3-14B-AWQ"),
        (machine(16, 64.0, 8.0, 24.0), "large-v3-turbo", "vllm:Qwen/Qwen3-14B-AWQ"),
        (
            machine(32, 256.0, 80.0),
            "large-v3-turbo",
            "vllm:Qwen/Qwen3-30B-A3B-Instruct-2507-FP8",
        ),
    ],
)
def test_machines_get_what_they_can_carry(where: Machine, asr: str, llm: str) -> None:
    suggested = suggestion(where)
    assert (suggested.asr, suggested.llm) == (asr, llm)


MACHINES = st.builds(
    machine,
    st.integers(1, 128),
    st.floats(1.0, 1024.0),
    st.floats(0.5, 192.0),
)


@given(MACHINES)
@settings(max_examples=100)
def test_what_is_suggested_fits(where: Machine) -> None:
    suggested = suggestion(where)
    assert suggested.gpu_memory_gb <= where.gpus[0].memory_gb
    assert suggested.memory_gb <= max(where.memory_gb, 8.0)


@given(MACHINES)
@settings(max_examples=30, deadline=None)
def test_names_are_in_the_catalogue(where: Machine) -> None:
    suggested = suggestion(where)
    for name in (suggested.asr, suggested.tts, suggested.llm.removeprefix("vllm:")):
        assert name == "offline" or name.startswith("http:") or any_model(name)


@pytest.mark.parametrize("where", [machine(1, 1.0), machine(8, 16.0), machine(16, 64.0, 24.0)])
def test_it_is_a_settings_file(where: Machine, tmp_path: Path) -> None:
    suggested = suggestion(where)
    file = tmp_path / "suggested.toml"
    file.write_text(suggested.toml)
    loaded = load(file, [])
    assert loaded.asr.engine == suggested.asr
    assert loaded.asr.compute_type == suggested.asr_compute_type
    assert loaded.llm.engine == suggested.llm
    assert loaded.tts.workers == suggested.tts_workers
    if suggested.llm_gpu_memory is not None:
        assert loaded.llm.vllm.gpu_memory == suggested.llm_gpu_memory
    assert suggested.as_dict()["toml"] == suggested.toml
