"""What engines take, by settings and machine, and the sentences when it is too much."""

from pathlib import Path

import pytest

from models.asr.hardware import Hardware
from models.catalog import asr_model, voice_model
from models.memory_needs import (
    CUDA_BYTES,
    PROCESS_BYTES,
    VLLM_PROCESS_BYTES,
    voice_memory,
    whisper_gpu_memory,
    whisper_memory,
)
from voice_server.engines.machine import Gpu, Machine
from voice_server.engines.memory_fit import FileSizes, Need, needs, shortages
from voice_server.engines.plans import Plan
from voice_server.settings import Settings, load

pytestmark = pytest.mark.pure

GB = 10**9
CPU = Hardware("cpu", (0,), "int8")
TWO_GPUS = Hardware("cuda", (0, 1), "float16")
SIZES = FileSizes(asr=GB, voice=GB // 10)
ASR = Plan("asr", "whisper", "", model=asr_model("small"))
LLM = Plan("llm", "offline", "")
TTS = Plan("tts", "piper", "", model=voice_model("en_US-ljspeech-medium"))
VLLM = Plan("llm", "vllm", "", llm="Qwen/Qwen3-8B")


def machine(free_gb: float | None = 100.0, *gpus: tuple[float, float | None]) -> Machine:
    """`gpus` are gibibytes in all and gigabytes free."""
    cards = (Gpu(f"card {n}", gb, _bytes(free)) for n, (gb, free) in enumerate(gpus))
    return Machine(8, 128.0, tuple(cards), _bytes(free_gb))


def _bytes(gb: float | None) -> int | None:
    return None if gb is None else int(gb * GB)


def taken(
    *assignments: str,
    llm: Plan = LLM,
    hardware: Hardware = CPU,
    sizes: FileSizes = SIZES,
    where: Machine | None = None,
) -> list[Need]:
    return needs(load(None, assignments), [ASR, llm, TTS], hardware, sizes, where or machine())


def sentences(
    settings: Settings, found: list[Need], where: Machine, sizes: FileSizes = SIZES
) -> list[str]:
    return [shortage.sentence for shortage in shortages(settings, found, sizes, where)]


@pytest.mark.parametrize(
    ("assignments", "copies"),
    [
        (["asr.workers=1"], 1),
        (["asr.workers=4"], 4),
        (["asr.workers=4", "asr.processes=false"], 1),
        (["asr.workers=1", "asr.processes=true"], 1),
    ],
)
def test_each_process_has_its_copy(assignments: list[str], copies: int) -> None:
    asr, tts = taken(*assignments)
    assert asr.memory_bytes == copies * whisper_memory(GB, "int8")
    assert tts.memory_bytes == voice_memory(GB // 10)


def test_a_recogniser_on_every_gpu() -> None:
    asr, _ = taken(hardware=TWO_GPUS)
    each = whisper_gpu_memory(GB, "float16") + CUDA_BYTES
    assert asr.gpu_bytes == {0: each, 1: each}
    assert asr.memory_bytes == 2 * (PROCESS_BYTES + GB)


def test_more_voices_count_as_far_as_they_may_stay() -> None:
    sizes = FileSizes(voice=GB // 10, more_voices=5 * GB)
    (tts,) = taken("tts.voices_bytes_max=300000000", sizes=sizes)
    assert tts.memory_bytes == voice_memory(400_000_000)
    (on_gpu,) = taken("tts.device=cuda", sizes=sizes)
    assert (on_gpu.memory_bytes, list(on_gpu.gpu_bytes)) == (0, [0])


def test_vllm_takes_its_share_whole() -> None:
    where = machine(100.0, (24.0, 25.0))
    _, llm, _ = taken("llm.vllm.gpu_memory=0.5", llm=VLLM, where=where)
    assert (llm.memory_bytes, llm.gpu_bytes) == (VLLM_PROCESS_BYTES, {0: 12 * 2**30})
    own = taken('llm.vllm.arguments=["--tensor-parallel-size=2"]', llm=VLLM, where=where)
    assert not any(need.role == "llm" for need in own), "then we cannot know"
    assert not any(need.role == "llm" for need in taken(llm=VLLM)), "without a GPU neither"


def test_what_is_elsewhere_or_unknown_takes_nothing() -> None:
    assert taken(sizes=FileSizes()) == []


def test_enough_is_enough() -> None:
    settings, found = load(None, []), taken()
    total = sum(need.memory_bytes for need in found)
    assert sentences(settings, found, machine(total / GB)) == []
    assert len(sentences(settings, found, machine((total - 1) / GB))) == 1
    assert sentences(settings, found, machine(None)) == []


def test_the_figures_and_the_remedy_are_said() -> None:
    found = taken("asr.workers=4", hardware=Hardware("cpu", (0,), "float32"))
    (sentence,) = sentences(load(None, []), found, machine(2.0))
    assert sentence == (
        "Not enough memory: about 11.2 GB are needed (asr small in float32, 4 copies: 11 GB, "
        "tts en_US-ljspeech-medium: 210 MB), and 2 GB are free. Take a smaller asr.engine or "
        "asr.compute_type=int8 or fewer asr.workers or a smaller tts.engine; "
        "models.memory_check=false tries it even so."
    )


def test_a_gpu_that_is_shared_is_reckoned_as_one() -> None:
    where = machine(100.0, (24.0, 25.0), (8.0, 2.0))
    settings = load(None, ["llm.vllm.gpu_memory=0.9"])
    found = taken("llm.vllm.gpu_memory=0.9", llm=VLLM, hardware=TWO_GPUS, where=where)
    first, second = sentences(settings, found, where)
    assert first.startswith("Not enough memory on GPU 0 (card 0): about 25.7 GB are needed")
    assert "vllm:Qwen/Qwen3-8B: 23.2 GB" in first
    assert "asr.compute_type=int8_float16 or a smaller llm.vllm.gpu_memory" in first
    assert second.startswith("Not enough memory on GPU 1 (card 1): about 2.5 GB are needed")


def test_a_share_that_has_no_room_for_the_weights() -> None:
    where, sizes = machine(100.0, (24.0, 25.0)), FileSizes(llm=16 * GB)
    settings = load(None, ["llm.vllm.gpu_memory=0.5"])
    found = needs(settings, [VLLM], CPU, sizes, where)
    (sentence,) = sentences(settings, found, where, sizes)
    assert "about 18 GB of the GPU, and llm.vllm.gpu_memory=0.5 gives it 12.9 GB" in sentence
    assert sentences(settings, found, where, FileSizes(llm=10 * GB)) == []


def test_a_folder_is_named_by_its_folder() -> None:
    plan = Plan("asr", "whisper", "", path=Path("models/mine"))
    (need,) = needs(load(None, ["asr.workers=1"]), [plan], CPU, FileSizes(asr=1), machine())
    assert need.what == "asr mine in int8"
