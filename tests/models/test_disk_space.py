"""Disk space: what does not fit is refused in words; what was begun counts as done."""

from pathlib import Path

import pytest

from models.disk_space import as_size, require_space, unfinished_bytes
from models.errors import ModelError

pytestmark = pytest.mark.pure


def test_what_fits_may_be_fetched_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    require_space("base", 1000, tmp_path / "not" / "yet")


def test_nothing_to_fetch_always_fits(tmp_path: Path) -> None:
    require_space("base", 0, tmp_path)


def test_what_does_not_fit_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"base needs 1e\+03 TB, and .*room for .*cache_dir"):
        require_space("base", 10**15, tmp_path)


def test_broken_downloads_are_counted_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "abc.incomplete").write_bytes(b"x" * 700)
    (tmp_path / "blobs" / "done").write_bytes(b"x" * 300)
    assert unfinished_bytes([tmp_path, tmp_path / "elsewhere"]) == 700


@pytest.mark.parametrize(
    ("size_bytes", "words"),
    [(999, "999 bytes"), (78_000_000, "78 MB"), (1_620_000_000, "1.62 GB"), (2_000, "2 kB")],
)
def test_sizes_in_words(size_bytes: int, words: str) -> None:
    assert as_size(size_bytes) == words
