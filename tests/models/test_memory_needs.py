"""What models take: figures that were measured, within a quarter, and never far below."""

import pytest

from models.memory_needs import (
    CUDA_BYTES,
    vllm_gpu_memory,
    voice_memory,
    whisper_gpu_memory,
    whisper_memory,
    whisper_weights,
)

pytestmark = pytest.mark.pure

MB = 1_000_000


@pytest.mark.parametrize(
    ("stored_mb", "compute_type", "measured_mb"),
    [(563, "float32", 1659), (198, "float32", 679), (1634, "int8", 1750)],
)
def test_a_worker_at_its_largest(stored_mb: int, compute_type: str, measured_mb: int) -> None:
    """Weights made to the shapes of small, base and medium; the most that the process ever had."""
    expected_mb = whisper_memory(stored_mb * MB, compute_type) / MB
    assert 0.95 <= expected_mb / measured_mb <= 1.25


@pytest.mark.parametrize(
    ("compute_type", "share"),
    [("int8", 0.5), ("int8_float16", 0.5), ("float16", 1), ("float32", 2), ("default", 1)],
)
def test_weights_by_number_format(compute_type: str, share: float) -> None:
    assert whisper_weights(100, compute_type) == 100 * share


def test_a_voice_and_a_gpu() -> None:
    assert voice_memory(67 * MB) / MB == pytest.approx(140, rel=0.05)
    assert whisper_gpu_memory(1620 * MB, "float16") + CUDA_BYTES < 4000 * MB
    assert vllm_gpu_memory(6100 * MB) == 8100 * MB
