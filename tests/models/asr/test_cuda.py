"""GPUs that are seen, and those that can be used."""

import pytest

from models.asr import cuda

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(("seen", "cublas", "usable"), [(2, True, 2), (2, False, 0), (0, True, 0)])
def test_a_gpu_is_usable_with_cublas(
    monkeypatch: pytest.MonkeyPatch, seen: int, cublas: bool, usable: int
) -> None:
    monkeypatch.setattr(cuda, "seen_gpus", lambda: seen)
    monkeypatch.setattr(cuda, "has_cublas", lambda: cublas)
    assert cuda.usable_gpus() == usable


def test_a_library_that_is_missing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda, "CUBLAS", "libno-such-library.so.12")
    cuda.has_cublas.cache_clear()
    assert not cuda.has_cublas()
    cuda.has_cublas.cache_clear()
    monkeypatch.setattr(cuda, "CUBLAS", "libc.so.6")
    assert cuda.has_cublas()
    cuda.has_cublas.cache_clear()
